import type { LineageRecord } from '../../ports';
import { mapOfElement } from '../../authoring/element-id';
import { inOrder, wiringOf } from '../../records/questions';
import { formatDuration, formatError, plural } from '../output/format';
import type { Output } from '../output/output';

/** Most knots that are shown: nobody reads more. */
const SHOWN = 100;
/** Deeper knots are indented like this depth. */
const DEPTH = 12;
/** Enough to be unique; commands accept such a prefix as a hash. */
const HASH_CHARACTERS = 15;

/**
 * The knots of a run as a tree, each below its deepest parent, with outcome, duration, attempt, and the hash
 * of its value or its error. A map is one line with counts.
 */
export function knotTree(all: readonly LineageRecord[], output: Output): string[] {
  const records = all.filter(({ knot_id }) => mapOfElement(knot_id) === undefined);
  const byId = new Map(records.map((record) => [record.knot_id, record]));
  const places = placesOf(inOrder(wiringOf(records)).map((id) => byId.get(id)!));
  const shown = places.slice(0, SHOWN);
  const names = shown.map(({ record, depth }) => `${'  '.repeat(Math.min(depth, DEPTH))}${record.knot_id}`);
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = shown.map(({ record }, index) =>
    `  ${names[index]!.padEnd(width)}  ${outcomeOf(record, output)}  ${detailOf(record, output)}`.trimEnd(),
  );
  const more = places.length - shown.length;
  return [...lines, ...(more > 0 ? [output.dim(`  and ${plural(more, 'knot')} more`)] : [])];
}

/** The outcome of one knot, on one line. */
export function knotLine(record: LineageRecord, output: Output): string {
  return `  ${outcomeOf(record, output)}  ${detailOf(record, output)}`.trimEnd();
}

interface Place {
  readonly record: LineageRecord;
  readonly depth: number;
}

/** In the order of the tree. */
function placesOf(ordered: readonly LineageRecord[]): Place[] {
  const depths = new Map<string, number>();
  const children = new Map<string | undefined, LineageRecord[]>();
  for (const record of ordered) {
    const parents = Object.values(record.parent_knot_ids).filter((id) => depths.has(id));
    const deepest = parents.reduce<string | undefined>(
      (best, id) => (best === undefined || depths.get(id)! > depths.get(best)! ? id : best),
      undefined,
    );
    depths.set(record.knot_id, deepest === undefined ? 0 : depths.get(deepest)! + 1);
    const siblings = children.get(deepest);
    if (siblings) siblings.push(record);
    else children.set(deepest, [record]);
  }
  const places: Place[] = [];
  const open = (children.get(undefined) ?? []).reverse();
  for (let record = open.pop(); record; record = open.pop()) {
    places.push({ record, depth: depths.get(record.knot_id)! });
    for (const child of (children.get(record.knot_id) ?? []).reverse()) open.push(child);
  }
  return places;
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

/** The elements of a map, in words. */
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
