/** Orders of rows; `start` and `duration` by what is known now. */
export const ORDERS = ['start', 'plan', 'duration'] as const;
export type Order = (typeof ORDERS)[number];

export type Row =
  | { readonly kind: 'knot'; readonly knot: number; readonly depth: number }
  | {
      readonly kind: 'group';
      readonly name: string;
      readonly depth: number;
      readonly members: readonly number[];
      readonly isClosed: boolean;
    };

interface RowGroup {
  readonly name: string;
  readonly parent?: number;
  readonly members: readonly number[];
}

export interface RowsOptions {
  readonly order: Order;
  /** Indexes of the knots to show; undefined for all. */
  readonly only?: ReadonlySet<number>;
  /** Groups to show as rows of their own, with their members below. Absent: none. */
  readonly groups?: readonly RowGroup[];
  readonly closed: ReadonlySet<string>;
}

/** A group comes where its first row would be; knots without a span come last. */
export function rowsOf(
  count: number,
  spans: (knot: number) => readonly [number, number] | undefined,
  { order, only, groups = [], closed }: RowsOptions,
): Row[] {
  const knots: number[] = [];
  for (let knot = 0; knot < count; knot += 1) if (only?.has(knot) ?? true) knots.push(knot);
  const keys = new Map(knots.map((knot) => [knot, keyOf(knot, spans(knot), order)] as const));
  knots.sort((a, b) => keys.get(a)! - keys.get(b)! || a - b);
  if (groups.length === 0) return knots.map((knot) => ({ kind: 'knot', knot, depth: 0 }));
  return nested(knots, groups, closed);
}

function keyOf(knot: number, span: readonly [number, number] | undefined, order: Order): number {
  if (order === 'plan') return knot;
  if (!span) return Number.MAX_VALUE;
  return order === 'start' ? span[0] : span[0] - span[1];
}

function nested(knots: readonly number[], groups: readonly RowGroup[], closed: ReadonlySet<string>): Row[] {
  const innermost = new Map<number, number>();
  groups.forEach(({ members }, group) => members.forEach((knot) => innermost.set(knot, group)));
  const children = new Map<number, (number | { group: number })[]>();
  const top: (number | { group: number })[] = [];
  const placed = new Set<number>();
  const place = (group: number): (number | { group: number })[] => {
    if (!placed.has(group)) {
      placed.add(group);
      children.set(group, []);
      const { parent } = groups[group]!;
      (parent === undefined ? top : place(parent)).push({ group });
    }
    return children.get(group)!;
  };
  for (const knot of knots) {
    const group = innermost.get(knot);
    (group === undefined ? top : place(group)).push(knot);
  }
  const shown = new Set(knots);
  const rows: Row[] = [];
  const add = (entries: readonly (number | { group: number })[], depth: number): void => {
    for (const entry of entries) {
      if (typeof entry === 'number') {
        rows.push({ kind: 'knot', knot: entry, depth });
        continue;
      }
      const { name, members } = groups[entry.group]!;
      const isClosed = closed.has(name);
      rows.push({ kind: 'group', name, depth, members: members.filter((knot) => shown.has(knot)), isClosed });
      if (!isClosed) add(children.get(entry.group)!, depth + 1);
    }
  };
  add(top, 0);
  return rows;
}

/** Labelled times of a scale: at most `most`, at round numbers of milliseconds from the start. */
export function ticksOf(
  from: number,
  to: number,
  most: number,
): { readonly step: number; readonly ticks: number[] } {
  const length = Math.max(1, to - from);
  const step = STEPS.find((one) => length / one <= most) ?? Math.ceil(length / most / DAY) * DAY;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return { step, ticks };
}

const DAY = 86_400_000;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 7, 14, 30].map((days) => days * DAY),
];

export function densityOf(
  spans: Iterable<readonly [number, number] | undefined>,
  from: number,
  to: number,
  count: number,
): Uint32Array {
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
