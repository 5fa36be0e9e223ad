import type { AnswerOf } from '../../operations';
import { diff } from '../../operations/lineage/diff';
import type { RecordView } from '../../operations/lineage/record';
import { isTableHash } from '../../values';
import { EXIT } from '../output/exit-codes';
import { formatError, plural } from '../output/format';
import type { Output } from '../output/output';
import { commandLine } from '../output/typed-commands';
import { makeVerb } from '../table/verb-of-table';

type Difference = AnswerOf<'lineage.diff'>['items'][number];

export const addDiff = makeVerb(
  diff,
  ({ first, second, equal, different, items, total }, { limit }, output) => {
    const runs = [first, second].map(
      ({ runId, tapestry, status }) => `${output.bold(runId)} (${tapestry}, ${status})`,
    );
    const below = items.filter(({ isFirst }) => !isFirst).map(({ name }) => name);
    const more = total - items.length;
    return [
      runs.join(' and '),
      different === 0
        ? `All ${plural(equal, 'knot')} have the same result.`
        : `${plural(equal, 'knot')} have the same result, ${different} differ. First differences:`,
      ...items.filter(({ isFirst }) => isFirst).flatMap((item) => differenceLines(item, output)),
      ...(below.length > 0 ? ['', `Below them: ${below.join(', ')}`] : []),
      ...(more > 0 ? ['', output.dim(`And ${more} more: raise --limit (${limit}).`)] : []),
    ].join('\n');
  },
  { exitCode: ({ different }) => (different === 0 ? EXIT.ok : EXIT.runFailed) },
);

function differenceLines(item: Difference, output: Output): string[] {
  const { name, count, first, second } = item;
  const elements = count === undefined ? '' : ` (${count} elements; the first of them is shown)`;
  return [
    `  ${output.bold(name)}  ${whyDifferent(item)}${elements}`,
    ...[first, second].map((record) => `    ${record ? endOf(record) : output.dim('not there')}`),
  ];
}

/** Adds the next command if another run, or rows of tables, have to be compared. */
function whyDifferent({ explanation, causes, first, second }: Difference): string {
  if (causes.includes('child-run'))
    return `${explanation}: ${commandLine(['diff', childRun(first!), childRun(second!)])}`;
  const hashes = [first, second].flatMap((record) => record?.outputHash ?? []);
  if (hashes.filter(isTableHash).length < 2 || hashes[0] === hashes[1]) return explanation;
  return `${explanation}; row by row: ${commandLine(['tables', 'diff', ...hashes])}`;
}

function childRun({ extra }: RecordView): string {
  return (extra as { childRun: { runId: string } }).childRun.runId;
}

function endOf({ outputHash, outputSize, outcome, skipReason, extra }: RecordView): string {
  if (outputHash !== null) return `ok       ${outputHash} (${outputSize ?? 0} B)`;
  if (outcome === 'skipped') return `skipped  ${skipReason ?? ''}`;
  const { error } = extra as { error?: { type: string; message: string } };
  return `failed   ${error ? formatError(error, 300) : ''}`;
}
