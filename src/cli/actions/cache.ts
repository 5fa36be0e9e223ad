import { explainCache, type CacheDifference, type CacheExplanation, type CacheReason } from '../../lineage';
import type { QuestionOptions } from '../commands/questions';
import { EXIT } from '../exit-codes';
import { formatTime } from '../format';
import type { Output } from '../output';
import { withRecords } from '../with-records';

/** `selvage cache explain`. */
export async function explain(
  run: string,
  knot: string,
  options: QuestionOptions,
  output: Output,
): Promise<number> {
  return await withRecords(options, async ({ runHistory }) => {
    const explanation = await explainCache(runHistory, run, knot);
    if (output.json) output.document(explanation);
    else output.say(describe(explanation, output).join('\n'));
    return EXIT.ok;
  });
}

/** `OTHER` stands for the knot and run that it is about. */
const REASONS: Readonly<Record<CacheReason, string>> = {
  reused: 'OTHER made it.',
  resumed: 'the run was resumed, and has it from OTHER.',
  'not-cached':
    'nothing is taken for it: the knot has no option `cache`, or its body was replaced by another or has extended the run. Of a map, ask for an element: "users[0]".',
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
  ];
}

function describeDifference({ part, input, parent, before, now }: CacheDifference): string {
  const change = `${before ?? 'none'} then, ${now ?? 'none'} now`;
  if (part === 'input')
    return `input "${input}"${parent === undefined ? ', a constant' : `, from knot "${parent}"`}: ${change}`;
  return `${part === 'code' ? 'source of the body' : 'version'}: ${change}`;
}
