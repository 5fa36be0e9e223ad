import type { LineageRecord } from '../../ports';
import { mapOfElement } from '../../authoring/element-id';
import { inOrder, wiringOf } from '../../records/questions';
import { formatDuration, formatError, plural } from '../output/format';
import type { Output } from '../output/output';
import { treeOrder } from './tree-order';

/** Nobody reads more knots. */
const SHOWN = 100;
/** Deeper knots are indented like this depth. */
const DEPTH = 12;
/** Enough to be unique; commands accept such a prefix. */
const HASH_CHARACTERS = 15;

/** A run's knots as a tree, each below its deepest parent, with its outcome. A map is one line with counts. */
export function knotTree(all: readonly LineageRecord[], output: Output): string[] {
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
    `  ${names[index]!.padEnd(width)}  ${outcomeOf(record, output)}  ${detailOf(record, output)}`.trimEnd(),
  );
  const more = places.length - shown.length;
  return [...lines, ...(more > 0 ? [output.dim(`  and ${plural(more, 'knot')} more`)] : [])];
}

export function knotLine(record: LineageRecord, output: Output): string {
  return `  ${outcomeOf(record, output)}  ${detailOf(record, output)}`.trimEnd();
}

const WORDS = { ok: 'ok     ', err: 'failed ', skipped: 'skipped' } as const;

function outcomeOf({ outcome }: LineageRecord, output: Output): string {
  const word = WORDS[outcome];
  if (outcome === 'ok') return output.green(word);
  return outcome === 'err' ? output.red(word) : output.yellow(word);
}

function detailOf(record: LineageRecord, output: Output): string {
  const { error, child_run } = record.extra as {
    error?: { type: string; message: string };
    child_run?: { run_id: string };
  };
  const took = formatDuration(record.finished_at - record.started_at).padStart(8);
  const attempt = record.attempt > 1 ? `  attempt ${record.attempt}` : '';
  const from = record.cached_from_run === null ? '' : `  from ${record.cached_from_run}`;
  if (record.outcome === 'skipped') return record.skip_reason ?? '';
  const what = error ? formatError(error, 120) : output.dim(shortHash(record.output_hash ?? ''));
  const run = child_run ? `  run ${child_run.run_id}` : '';
  return `${took}  ${what}${elementsOf(record)}${attempt}${from}${run}`;
}

function elementsOf({ extra }: LineageRecord): string {
  const { elements } = extra as { elements?: { count: number; failed: number } };
  if (!elements) return '';
  const failed = elements.failed > 0 ? `, ${elements.failed} failed` : '';
  return `  ${plural(elements.count, 'element')}${failed}`;
}

function shortHash(hash: string): string {
  const [kind, digits] = hash.split(':');
  return digits === undefined ? hash : `${kind}:${digits.slice(0, HASH_CHARACTERS)}`;
}
