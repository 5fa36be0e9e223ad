import { encodedSize, type Json } from '../values';
import { SelvageError } from '../errors';
import type { FailOn } from '../authoring/records';
import { completeLayout, type Layout, type LayoutPolicy } from './layout';

/**
 * A layout in a run's history: JSON texts ("slices") of columns, which continue from slice to slice, so any size fits.
 * Numbers are differences where those are small (a parent is near its child), and repeated numbers are
 * `[value, count]`. A knot of a chain therefore costs little more than its id.
 */
const MAX_SLICE_BYTES = 128 * 1024;
const LAYOUT_FORMAT = 1;
/** Bytes for the JSON around a slice's items. */
const FRAME_BYTES = 1024;
/** From this many equal numbers on, `[value, count]` is shorter. */
const SHORTEST_RUN = 4;

const COLUMNS = [
  'activityTypes',
  'policies',
  'terminals',
  'ids',
  'parentCounts',
  'parents',
  'definitions',
  'policy',
  'summaryKnots',
  'summaries',
] as const;
type Column = (typeof COLUMNS)[number];

interface SliceHead {
  readonly format: number;
  readonly slice: number;
  readonly of: number;
  readonly size: number;
  readonly parameterCount: number;
  readonly failOn: FailOn;
}
type Slice = SliceHead & Partial<Record<Column, readonly unknown[]>>;

/** The layout that is being extended, or nothing. */
type Before = Pick<Layout, 'size' | 'activityTypes' | 'policies' | 'terminals'>;
const NOTHING: Before = { size: 0, activityTypes: [], policies: [], terminals: new Uint32Array() };

/**
 * Slices of at most 128 KiB (UTF-8). Throws `PlanTooLarge` for a larger item. `before` is the layout that this one
 * extends: slices contain only later items.
 */
export function encodeLayout(layout: Layout, before: Before = NOTHING): string[] {
  const writer = new SliceWriter();
  const { size: first } = before;
  const summaries = [...layout.summaries].filter(([knot]) => knot >= first);
  const known = new Set(before.terminals);
  writer.add('activityTypes', layout.activityTypes.slice(before.activityTypes.length));
  writer.add('policies', layout.policies.slice(before.policies.length));
  writer.add('terminals', runs(differences(layout.terminals.filter((knot) => !known.has(knot)))));
  writer.add('ids', layout.ids.slice(first));
  writer.add('parentCounts', runs(differences(layout.parentStart).slice(first + 1)));
  writer.add('parents', runs(parentDifferences(layout, first)));
  writer.add('definitions', runs([...layout.definition.subarray(first)]));
  writer.add('policy', runs([...layout.policy.subarray(first)]));
  writer.add('summaryKnots', runs(differences(summaries.map(([knot]) => knot))));
  writer.add(
    'summaries',
    summaries.map(([, summary]) => summary),
  );
  return writer.texts({ size: layout.size, parameterCount: layout.parameterCount, failOn: layout.failOn });
}

/** Reverses `encodeLayout`, with the same `before`. Throws `InvalidPlan` for missing, reordered or damaged slices. */
export function decodeLayout(slices: readonly string[], before?: Layout): Layout {
  const { head, columns } = readSlices(slices);
  const { size, parameterCount, failOn } = head;
  const first = before?.size ?? 0;
  const count = size - first;
  if (columns.ids.length !== count)
    throw damaged(`${count} knots are announced and ${columns.ids.length} are there`);
  const activityTypes = [...(before?.activityTypes ?? []), ...(columns.activityTypes as string[])];
  const policies = [...(before?.policies ?? []), ...(columns.policies as LayoutPolicy[])];
  const parentStart = starts(
    numbers(columns.parentCounts, count, 'parentCounts'),
    before ? [...before.parentStart] : [0],
  );
  const edges = parentStart[size]! - (before?.parents.length ?? 0);
  const definition = within(-1, activityTypes.length, numbers(columns.definitions, count, 'definitions'));
  const policy = within(0, policies.length, numbers(columns.policy, count, 'policy'));
  const terminals = within(0, size, sums(numbers(columns.terminals, undefined, 'terminals')));
  return completeLayout({
    ids: [...(before?.ids ?? []), ...(columns.ids as string[])],
    parameterCount,
    parentStart,
    parents: readParents(parentStart, numbers(columns.parents, edges, 'parents'), before),
    definition: Int32Array.from([...(before?.definition ?? []), ...definition]),
    activityTypes,
    policy: Uint32Array.from([...(before?.policy ?? []), ...policy]),
    policies,
    summaries: new Map([...(before?.summaries ?? []), ...readSummaries(columns, size)]),
    terminals: Uint32Array.from([...(before?.terminals ?? []), ...terminals]).sort(),
    failOn,
  });
}

type Run = [value: number, count: number];

function runs(values: readonly number[]): (number | Run)[] {
  const items: (number | Run)[] = [];
  for (let first = 0; first < values.length;) {
    const value = values[first]!;
    let end = first + 1;
    while (end < values.length && values[end] === value) end += 1;
    if (end - first >= SHORTEST_RUN) items.push([value, end - first]);
    else for (let copy = first; copy < end; copy++) items.push(value);
    first = end;
  }
  return items;
}

/** `count` is the required number of items; undefined allows any. */
function numbers(items: readonly unknown[], count: number | undefined, column: Column): number[] {
  const values: number[] = [];
  for (const item of items) {
    const [value, copies] = (typeof item === 'number' ? [item, 1] : item) as Run;
    if (count !== undefined && values.length + copies > count) throw damaged(`'${column}' is too long`);
    for (let copy = 0; copy < copies; copy++) values.push(value);
  }
  if (count !== undefined && values.length < count) throw damaged(`'${column}' is too short`);
  return values;
}

function within(first: number, end: number, values: number[]): number[] {
  const wrong = values.find((value) => !(value >= first && value < end));
  if (wrong !== undefined) throw damaged(`the index ${wrong} is not from ${first} to ${end - 1}`);
  return values;
}

function differences(values: ArrayLike<number>): number[] {
  return Array.from(values, (value, index) => value - (index === 0 ? 0 : values[index - 1]!));
}

function sums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}

function starts(counts: readonly number[], before: number[]): Uint32Array {
  const last = before.at(-1)!;
  return Uint32Array.from([...before, ...sums(counts).map((sum) => last + sum)]);
}

/** Encodes a knot's first parent by distance, further parents by difference from the one before. */
function parentDifferences({ size, parentStart, parents }: Layout, first: number): number[] {
  const values: number[] = [];
  for (let knot = first; knot < size; knot++) {
    for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
      values.push(edge === parentStart[knot] ? knot - parents[edge]! : parents[edge]! - parents[edge - 1]!);
    }
  }
  return values;
}

function readParents(
  parentStart: Uint32Array,
  values: readonly number[],
  before: Layout | undefined,
): Uint32Array {
  const known = before?.parents.length ?? 0;
  const parents = new Uint32Array(known + values.length);
  if (before) parents.set(before.parents);
  for (let knot = before?.size ?? 0; knot < parentStart.length - 1; knot++) {
    const first = parentStart[knot]!;
    for (let edge = first; edge < parentStart[knot + 1]!; edge++) {
      const value = values[edge - known]!;
      const parent = edge === first ? knot - value : parents[edge - 1]! + value;
      if (!(parent >= 0 && parent < knot)) throw damaged(`knot ${knot} has a parent ${parent}`);
      parents[edge] = parent;
    }
  }
  return parents;
}

function readSummaries(columns: Record<Column, unknown[]>, size: number): Map<number, string> {
  const knots = within(
    0,
    size,
    sums(numbers(columns.summaryKnots, columns.summaries.length, 'summaryKnots')),
  );
  return new Map(knots.map((knot, index) => [knot, columns.summaries[index] as string]));
}

function readSlices(slices: readonly string[]): { head: SliceHead; columns: Record<Column, unknown[]> } {
  const columns = Object.fromEntries(COLUMNS.map((column) => [column, []])) as unknown as Record<
    Column,
    unknown[]
  >;
  let head: SliceHead | undefined;
  slices.forEach((text, index) => {
    const slice = parsed(text, index);
    if (slice.format !== LAYOUT_FORMAT)
      throw damaged(`slice ${index} has the unknown format ${slice.format}`);
    if (slice.slice !== index || slice.of !== slices.length) {
      throw damaged(`slice ${index} of ${slices.length} says that it is ${slice.slice} of ${slice.of}`);
    }
    head ??= slice;
    for (const column of COLUMNS) {
      for (const item of slice[column] ?? []) columns[column].push(item);
    }
  });
  if (!head) throw damaged('it has no slices');
  return { head, columns };
}

function parsed(text: string, index: number): Slice {
  try {
    return JSON.parse(text) as Slice;
  } catch (cause) {
    throw damaged(`slice ${index} is not JSON`, cause);
  }
}

/** Fills slice after slice, and writes them when their number is known. */
class SliceWriter {
  private readonly slices: Map<Column, string[]>[] = [];
  private room = 0;

  add(column: Column, items: readonly Json[]): void {
    for (const item of items) {
      const text = JSON.stringify(item);
      this.items(column, encodedSize({ kind: 'json', text }) + 1).push(text);
    }
  }

  texts(head: Omit<SliceHead, 'format' | 'slice' | 'of'>): string[] {
    return this.slices.map((columns, slice) => {
      const frame: SliceHead = { format: LAYOUT_FORMAT, slice, of: this.slices.length, ...head };
      const fields = [...columns].map(([column, items]) => `"${column}":[${items.join(',')}]`);
      return `${[JSON.stringify(frame).slice(0, -1), ...fields].join(',')}}`;
    });
  }

  /** The column for an item of this size; begins a new slice if necessary. */
  private items(column: Column, bytes: number): string[] {
    if (bytes > this.room) {
      this.slices.push(new Map());
      this.room = MAX_SLICE_BYTES - FRAME_BYTES;
    }
    if (bytes > this.room) {
      throw new SelvageError(
        'PlanTooLarge',
        `The layout of the plan has an item of ${bytes} bytes in '${column}', which no slice of ${MAX_SLICE_BYTES} bytes can hold: shorten that name.`,
        { details: { column, bytes } },
      );
    }
    this.room -= bytes;
    const slice = this.slices.at(-1)!;
    const items = slice.get(column) ?? [];
    slice.set(column, items);
    return items;
  }
}

function damaged(what: string, cause?: unknown): SelvageError {
  return new SelvageError('InvalidPlan', `The layout of a plan is damaged: ${what}.`, { cause });
}
