import { explainCache, type CacheDifference, type CacheExplanation, type CacheReason } from '../../lineage';
import type { QuestionOptions } from '../commands/questions';
import { EXIT } from '../exit-codes';
import { formatTime } from '../format';
import type { Output } from '../output';
import { commandLine } from '../own-command';
import { withRecords } from '../with-records';

/** `selvage cache explain`. */
export async function explain(
  run: string,
  knot: string,
  options: QuestionOptions,
  output: Output,
): Promise<number> {
  return await withRecords(options, async (backends) => {
    const explanation = await explainCache(backends, run, knot);
    if (output.json) output.document(explanation);
    else output.say(describe(explanation, output).join('\n'));
    return EXIT.ok;
  });
}

/** `OTHER` stands for the knot and run that it is about. */
const REASONS: Readonly<Record<CacheReason, string>> = {
  reused: 'OTHER made it.',
  resumed: 'the run was resumed, and has it from OTHER.',
  'not-cached': 'the knot has no option `cache`.',
  map: 'it is a map, whose elements are reused, each by itself. Ask for one of them:',
  extended: 'its body has extended the run, which whoever took the value would miss.',
  replaced: 'another body ran in the place of its own.',
  failed: 'it failed without its body.',
  'plan-gone':
    'nothing is on record that it could be reused by; whether the knot has the option `cache`, its plan would say, which is not in the tapestry store.',
  'not-run': 'the knot was skipped.',
  'reuse-off': 'the run was to take nothing from others (`reuse: false`).',
  'too-old': 'the value that OTHER made was older than the knot takes (`maxAge`).',
  'value-gone': 'the value that OTHER made was not in the data store any more.',
  'made-meanwhile': 'OTHER made the same only while this one was under way.',
  'not-recorded': 'OTHER made it of the same, but was not cached then.',
  'key-differs': 'no earlier knot has the same cache key. The nearest is OTHER; what differs:',
  'no-earlier': 'no earlier knot of this definition is on record.',
};

function describe({ record, isHit, reason, other, differences }: CacheExplanation, output: Output): string[] {
  const who = other
    ? `knot "${other.knot}" of run "${other.run}" (${formatTime(other.madeAt)})`
    : 'another knot';
  const what = isHit ? 'was reused' : 'was not reused';
  return [
    `The value of knot ${output.bold(record.knot_id)} of run ${record.run_id} ${output.bold(what)}: ${REASONS[reason].replace('OTHER', who)}`,
    ...differences.map((difference) => `  ${describeDifference(difference)}`),
    ...remedyOf({ record, isHit, reason, differences }),
  ];
}

function remedyOf({
  record,
  isHit,
  reason,
  differences,
}: Pick<CacheExplanation, 'record' | 'isHit' | 'reason' | 'differences'>): string[] {
  if (reason === 'map')
    return [`  ${commandLine(['cache', 'explain', record.run_id, `${record.knot_id}[0]`])}`];
  if (!isHit || differences.length === 0) return [];
  return [
    `The body was edited since then, under the same version (${record.definition_version}): the value is that of the body before. If it computes something else now, ` +
      "give it another version. `cache: { codeHash: 'source' }` makes values anew with each edit, `selvage run --no-reuse` once.",
  ];
}

function describeDifference({ part, input, parent, before, now }: CacheDifference): string {
  const change = `${before ?? 'none'} then, ${now ?? 'none'} now`;
  if (part === 'input')
    return `input "${input}"${parent === undefined ? ', a constant' : `, from knot "${parent}"`}: ${change}`;
  return `${part === 'code' ? 'source of the body' : 'version'}: ${change}`;
}
