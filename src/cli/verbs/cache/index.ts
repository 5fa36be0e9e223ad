import type { Command } from 'commander';
import type { Does } from '../../options/does';
import type { CacheExplanation } from '../../../records/questions';
import { addCommonOptions, addJsonOption, type RecordOptions } from '../../options/server-options';
import { formatTime } from '../../output/format';
import type { Output } from '../../output/output';
import { commandLine } from '../../output/typed-commands';

export function addCache(program: Command, does: Does): void {
  const cache = program.command('cache').summary('whether and why a value was reused');
  addCacheExplain(cache, does);
}

function addCacheExplain(cache: Command, does: Does): void {
  const command = cache
    .command('explain')
    .summary('why the value of a knot was reused, or why not')
    .description(
      'Says of one knot of a run whether its value was taken from an earlier one, and of which; or why not, and which part of the cache key ' +
        '(version, source of the body, an input) is another one than that of the nearest earlier knot.',
    )
    .argument('<run-id>')
    .argument('<knot-id>')
    .addHelpText('after', '\nExample:\n  $ selvage cache explain nightly-1f2e3d4c5b6a load');
  addCommonOptions(addJsonOption(command)).action(does(explain));
}

async function explain(run: string, knot: string, options: RecordOptions, output: Output): Promise<number> {
  const { withRecords } = await import('../../location/records.js');
  const { explainCache } = await import('../../../records/questions/index.js');
  return await withRecords(options, async (backends) => {
    const explanation = await explainCache(backends, run, knot);
    const lines = await describe(explanation, output);
    return output.finish(explanation, () => lines.join('\n'));
  });
}

async function describe(
  { record, reused, reason, other, differences }: CacheExplanation,
  output: Output,
): Promise<string[]> {
  const { cacheDifferenceText, cacheReasonText } = await import('../../../records/questions/index.js');
  const what = reused ? 'was reused' : 'was not reused';
  const why = cacheReasonText({
    reason,
    ...(other && { other: { ...other, at: formatTime(other.madeAt) } }),
  });
  return [
    `The value of knot ${output.bold(record.knot_id)} of run ${record.run_id} ${output.bold(what)}: ${why}`,
    ...differences.map((difference) => `  ${cacheDifferenceText(difference)}`),
    ...remedyOf({ record, reused, reason, differences }),
  ];
}

function remedyOf({
  record,
  reused,
  reason,
  differences,
}: Pick<CacheExplanation, 'record' | 'reused' | 'reason' | 'differences'>): string[] {
  if (reason === 'map')
    return [`  ${commandLine(['cache', 'explain', record.run_id, `${record.knot_id}[0]`])}`];
  if (!reused || differences.length === 0) return [];
  return [
    `The body was edited since then, under the same version (${record.definition_version}): the value is that of the body before. If it computes something else now, ` +
      "give it another version. `cache: { codeHash: 'source' }` makes values anew with each edit, `selvage run --no-reuse` once.",
  ];
}
