import type { LineageRecord } from '../../ports';
import { mapOfElement } from '../../authoring/element-id';
import { inOrder, wiringOf } from '../../records/questions';
import { formatDuration, formatError, plural } from '../output/format';
import type { Output } from '../output/output';
import { stateOf } from '../../runtime';
import { marksOf, usualOf, type SeenKnot, type UsualTimes } from '../../visualisation/marks';
import { painted } from './knot-signs';
import { treeOrder } from './tree-order';

/** Maximum number of shown knots: nobody reads more. */
const SHOWN = 100;
/** Deeper knots are indented like this depth. */
const DEPTH = 12;
/** Length of a shown prefix of a hash: enough to be unique, and commands accept it. */
const HASH_CHARACTERS = 15;

/** A run's knots as a tree, each below its deepest parent, with its outcome. A map is one line with counts. */
export function knotTree(all: readonly LineageRecord[], output: Output, usual?: UsualTimes): string[] {
  const records = all.filter(({ knot_id }) => mapOfElement(knot_id) === undefined);
  const byId = new Map(records.map((record) => [record.knot_id, record]));
  const ids = inOrder(wiringOf(records));
  const indexes = new Map(ids.map((id, index) => [id, index]));
  const parentsOf = (id: string): number[] =>
    Object.values(byId.get(id)!.parent_knot_ids).flatMap((parent) => indexes.get(parent) ?? []);
  const places = treeOrder(ids.map(parentsOf)).map(({ index, depth }) => ({
    record: byId.get(ids[index]!)!,
    depth,
  }));
  const shown = places.slice(0, SHOWN);
  const names = shown.map(({ record, depth }) => `${'  '.repeat(Math.min(depth, DEPTH))}${record.knot_id}`);
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = shown.map(({ record }, index) =>
    `  ${names[index]!.padEnd(width)}  ${outcomeOf(record, output)}  ${detailOf(record, output, usual)}`.trimEnd(),
  );
  const more = places.length - shown.length;
  return [...lines, ...(more > 0 ? [output.dim(`  and ${plural(more, 'knot')} more`)] : [])];
}

export function knotLine(record: LineageRecord, output: Output): string {
  return `  ${outcomeOf(record, output)}  ${detailOf(record, output, undefined)}`.trimEnd();
}

const WIDEST_WORD = 'skipped'.length;

function seenOf(record: LineageRecord, usual: UsualTimes | undefined): SeenKnot {
  // The record of a map names the node, and of a knot its definition.
  const { definition } = record;
  return { state: stateOf(record, undefined), usualMs: usualOf(usual, { kind: 'knot', definition }) };
}

function outcomeOf(record: LineageRecord, output: Output): string {
  const { status } = marksOf(seenOf(record, undefined));
  return painted(status, status.padEnd(WIDEST_WORD), output);
}

function detailOf(record: LineageRecord, output: Output, usual: UsualTimes | undefined): string {
  if (record.outcome === 'skipped') return record.skip_reason ?? '';
  const seen = seenOf(record, usual);
  const { error, elements, childRunId } = seen.state!;
  const took = formatDuration(record.finished_at - record.started_at).padStart(8);
  return [
    `${took}  ${error ? formatError(error, 120) : output.dim(shortHash(record.output_hash ?? ''))}`,
    ...(elements?.failed === 0 ? [plural(elements.count, 'element')] : []),
    ...marksOf(seen).notes,
    ...(record.cached_from_run === null ? [] : [`from ${record.cached_from_run}`]),
    ...(childRunId === undefined ? [] : [`run ${childRunId}`]),
  ].join('  ');
}

function shortHash(hash: string): string {
  const [kind, digits] = hash.split(':');
  return digits === undefined ? hash : `${kind}:${digits.slice(0, HASH_CHARACTERS)}`;
}
