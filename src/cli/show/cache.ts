import type { AnswerOf } from '../../operations';
import { cache } from '../../operations/cache';
import { cacheDifferenceText, cacheReasonText } from '../../records/questions';
import { formatTime } from '../output/format';
import { commandLine } from '../output/typed-commands';
import { verbsOf } from '../table/verb-of-table';

export const addCache = verbsOf(cache, {
  'cache.explain'(answer, { runId, knotId }, output) {
    const { reused, reason, other, differences } = answer;
    const what = reused ? 'was reused' : 'was not reused';
    const why = cacheReasonText({
      reason,
      ...(other && { other: { ...other, at: formatTime(other.madeAt) } }),
    });
    return [
      `The value of knot ${output.bold(knotId)} of run ${runId} ${output.bold(what)}: ${why}`,
      ...differences.map((difference) => `  ${cacheDifferenceText(difference)}`),
      ...remedyOf(answer),
    ].join('\n');
  },
});

function remedyOf({ record, reused, reason, differences }: AnswerOf<'cache.explain'>): string[] {
  if (reason === 'map')
    return [`  ${commandLine(['cache', 'explain', record.runId, `${record.knotId}[0]`])}`];
  if (!reused || differences.length === 0) return [];
  return [
    `The body was edited since then, under the same version (${record.definitionVersion}): the value is from the body before the edit. If it computes something else now, ` +
      "give it another version. `cache: { codeHash: 'source' }` makes values anew with each edit, `selvage run --no-reuse` once.",
  ];
}
