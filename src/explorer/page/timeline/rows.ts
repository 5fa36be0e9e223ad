import type { Segment } from './segments';
import type { Span } from './time-scale';

/** Orders of rows; `start` and `duration` by what is known now. */
type Order = 'start' | 'plan' | 'duration';

export interface Item {
  readonly knot: number;
  readonly segment: Segment;
}

export type Row =
  | { readonly kind: 'knot'; readonly knot: number; readonly depth: number }
  /** Attempts of one worker, one after the other. */
  | { readonly kind: 'lane'; readonly lane: number; readonly items: readonly Item[]; readonly depth: 1 }
  | {
      readonly kind: 'group';
      readonly name: string;
      readonly depth: number;
      readonly members: readonly number[];
      readonly isClosed: boolean;
    };

export const knotsOf = (row: Row): readonly number[] =>
  row.kind === 'group' ? [] : row.kind === 'lane' ? row.items.map(({ knot }) => knot) : [row.knot];

interface RowGroup {
  readonly name: string;
  readonly members: readonly number[];
}

export interface RowsOptions {
  readonly order: Order;
  /** Indexes of the knots to show; undefined for all. */
  readonly only?: ReadonlySet<number>;
  /** Groups to show as rows of their own, with their members below; outer ones first. Absent: none. */
  readonly groups?: readonly RowGroup[];
  readonly closed: ReadonlySet<string>;
}

/** A group comes where its first row would be; knots without a span come last. */
export function rowsOf(
  count: number,
  spans: readonly (Span | undefined)[],
  { order, only, groups = [], closed }: RowsOptions,
): Row[] {
  const knots: number[] = [];
  for (let knot = 0; knot < count; knot += 1) if (only?.has(knot) ?? true) knots.push(knot);
  const keys = new Map(knots.map((knot) => [knot, keyOf(knot, spans[knot], order)] as const));
  knots.sort((a, b) => keys.get(a)! - keys.get(b)! || a - b);
  const within = new Map<number, RowGroup[]>();
  for (const group of groups)
    for (const knot of group.members) within.set(knot, [...(within.get(knot) ?? []), group]);
  const rowsIn = (those: readonly number[], depth: number): Row[] => {
    const entries = new Map<RowGroup | number, number[]>();
    for (const knot of those) {
      const entry = within.get(knot)?.[depth] ?? knot;
      const members = entries.get(entry);
      if (members) members.push(knot);
      else entries.set(entry, [knot]);
    }
    return [...entries].flatMap(([entry, members]): Row[] => {
      if (typeof entry === 'number') return [{ kind: 'knot', knot: entry, depth }];
      const isClosed = closed.has(entry.name);
      const below = isClosed ? [] : rowsIn(members, depth + 1);
      return [{ kind: 'group', name: entry.name, depth, members, isClosed }, ...below];
    });
  };
  return rowsIn(knots, 0);
}

/** Attempts by worker, in as few lanes as they fit without overlap; those without a known worker come last. */
export function laneRows(
  segments: readonly (readonly Segment[])[],
  { only, closed }: Pick<RowsOptions, 'only' | 'closed'>,
): Row[] {
  const workers = new Map<string | undefined, Item[]>();
  segments.forEach((those, knot) => {
    for (const segment of only?.has(knot) === false ? [] : those) {
      if (segment.kind === 'wait') continue;
      const items = workers.get(segment.worker) ?? [];
      items.push({ knot, segment });
      workers.set(segment.worker, items);
    }
  });
  const names = [...workers.keys()].sort((a, b) => (a === undefined || (b !== undefined && a > b) ? 1 : -1));
  return names.flatMap((worker): Row[] => {
    const items = workers.get(worker)!.sort((a, b) => a.segment.from - b.segment.from);
    const name = worker ?? NO_WORKER;
    const isClosed = closed.has(name);
    const members = [...new Set(items.map(({ knot }) => knot))];
    const rows: Row[] = [{ kind: 'group', name, depth: 0, members, isClosed }];
    const lanes: Item[][] = [];
    for (const item of isClosed ? [] : items) {
      const lane = lanes.find((those) => those.at(-1)!.segment.to <= item.segment.from);
      if (lane) lane.push(item);
      else lanes.push([item]);
    }
    return [...rows, ...lanes.map((those, lane): Row => ({ kind: 'lane', lane, items: those, depth: 1 }))];
  });
}

/** What the run itself does: parameters, gates, branches, and all knots of a run in one process. */
const NO_WORKER = 'without a worker';

function keyOf(knot: number, span: Span | undefined, order: Order): number {
  if (order === 'plan') return knot;
  if (!span) return Number.MAX_VALUE;
  return order === 'start' ? span[0] : span[0] - span[1];
}

export function densityOf(spans: Iterable<Span | undefined>, [from, to]: Span, count: number): Uint32Array {
  const changes = new Int32Array(count + 1);
  const scale = count / Math.max(1, to - from);
  for (const span of spans) {
    if (!span || span[1] < from || span[0] > to) continue;
    const first = Math.max(0, Math.min(count - 1, Math.floor((span[0] - from) * scale)));
    const last = Math.max(first, Math.min(count - 1, Math.floor((span[1] - from) * scale)));
    changes[first]! += 1;
    changes[last + 1]! -= 1;
  }
  const density = new Uint32Array(count);
  let now = 0;
  for (let part = 0; part < count; part += 1) density[part] = now += changes[part]!;
  return density;
}
