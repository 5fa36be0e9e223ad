import type { LineageRecord } from '../../ports';
import { mapOfElement } from '../../authoring/element-id';
import { differenceSentence, type KnotDifference, type RunDifference } from '../../records/questions';
import { formatError, plural } from '../output/format';
import type { Output } from '../output/output';
import { commandLine } from '../output/typed-commands';
import { foldElements } from './element-ranges';

export function describeDifference(
  { first, second, equal, items }: RunDifference,
  limit: number,
  output: Output,
): string {
  const runs = [first, second].map(
    ({ run_id, tapestry, status }) => `${output.bold(run_id)} (${tapestry}, ${status})`,
  );
  const origins = alikeIn(items.filter(({ isFirst }) => isFirst));
  const followers = foldElements(items.flatMap(({ knotId, isFirst }) => (isFirst ? [] : [knotId])));
  const shown = origins.slice(0, limit);
  const below = followers.slice(0, Math.max(0, limit - shown.length));
  const more = origins.length + followers.length - shown.length - below.length;
  return [
    runs.join(' and '),
    items.length === 0
      ? `All ${plural(equal, 'knot')} came to the same.`
      : `${plural(equal, 'knot')} came to the same, ${items.length} did not. First of all:`,
    ...shown.flatMap((alike) => differenceLines(alike, output)),
    ...(below.length > 0 ? ['', `Below them: ${below.join(', ')}`] : []),
    ...(more > 0 ? ['', output.dim(`And ${more} more: raise --limit (${limit}).`)] : []),
  ].join('\n');
}

/** Includes the next command if another run has to be looked at. */
function whyDifferent(difference: KnotDifference): string {
  const sentence = differenceSentence(difference);
  const { first, second, causes } = difference;
  if (!causes.includes('child-run')) return sentence;
  return `${sentence}: ${commandLine(['diff', childRun(first!), childRun(second!)])}`;
}

function childRun({ extra }: LineageRecord): string {
  return (extra as { child_run: { run_id: string } }).child_run.run_id;
}

/** Differences with one reason: a single one, or several elements of one map. */
type Alike = readonly [KnotDifference, ...KnotDifference[]];

/** Groups elements of a map that differ for the same reason. */
function alikeIn(differences: readonly KnotDifference[]): Alike[] {
  const alike = new Map<string, [KnotDifference, ...KnotDifference[]]>();
  for (const difference of differences) {
    const { knotId, first, second, causes, inputs } = difference;
    const map = mapOfElement(knotId);
    const reason = [causes, inputs, first?.outcome, second?.outcome];
    const key = JSON.stringify(map === undefined ? [knotId] : [map, reason]);
    const others = alike.get(key);
    if (others) others.push(difference);
    else alike.set(key, [difference]);
  }
  return [...alike.values()];
}

function differenceLines(alike: Alike, output: Output): string[] {
  const [difference] = alike;
  const { first, second } = difference;
  const [name] = foldElements(alike.map(({ knotId }) => knotId));
  const count = alike.length > 1 ? ` (${alike.length} elements; the first of them is shown)` : '';
  return [
    `  ${output.bold(name!)}  ${whyDifferent(difference)}${count}`,
    ...[first, second].map((record) => `    ${record ? endOf(record) : output.dim('not there')}`),
  ];
}

function endOf(record: LineageRecord): string {
  if (record.output_hash !== null) return `ok       ${record.output_hash} (${record.output_size ?? 0} B)`;
  if (record.outcome === 'skipped') return `skipped  ${record.skip_reason ?? ''}`;
  const { error } = record.extra as { error?: { type: string; message: string } };
  return `failed   ${error ? formatError(error, 300) : ''}`;
}
