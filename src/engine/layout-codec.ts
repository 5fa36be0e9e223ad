import { encodedSize, type Json } from '../canonical';
import { SelvageError } from '../errors';
import type { FailOn } from '../model/records';
import { completeLayout, type Layout, type LayoutPolicy } from './layout';

/**
 * A layout as it goes into a run's history: a list of JSON texts ("slices"), each an object of columns. A column goes on from
 * slice to slice, and its items are small, so a layout of any size fits.
 *
 * Columns of numbers are written as differences where these are small (a parent is near its child), and equal neighbours as
 * one run `[value, count]`: a knot of a chain then costs little more than its id.
 */
export const MAX_SLICE_BYTES = 128 * 1024;
const LAYOUT_FORMAT = 1;
/** For what stands in a slice beside its items. */
const FRAME_BYTES = 1024;
/** From this many equal numbers on, a run is shorter than the numbers. */
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

/** Slices of at most 128 KiB (UTF-8). Throws `PlanTooLarge` if one item alone is larger. */
export function encodeLayout(layout: Layout): string[] {
  const writer = new SliceWriter();
  writer.add('activityTypes', layout.activityTypes);
  writer.add('policies', layout.policies);
  writer.add('terminals', runs(differences(layout.terminals)));
  writer.add('ids', layout.ids);
  writer.add('parentCounts', runs(differences(layout.parentStart).slice(1)));
  writer.add('parents', runs(parentDifferences(layout)));
  writer.add('definitions', runs([...layout.definition]));
  writer.add('policy', runs([...layout.policy]));
  writer.add('summaryKnots', runs(differences([...layout.summaries.keys()])));
  writer.add('summaries', [...layout.summaries.values()]);
  return writer.texts({ size: layout.size, parameterCount: layout.parameterCount, failOn: layout.failOn });
}

/** The layout that `encodeLayout` was given. Throws `InvalidPlan` if slices are missing, in another order or damaged. */
export function decodeLayout(slices: readonly string[]): Layout {
  const { head, columns } = readSlices(slices);
  const { size, parameterCount, failOn } = head;
  if (columns.ids.length !== size)
    throw damaged(`${size} knots are announced and ${columns.ids.length} are there`);
  const parentStart = starts(numbers(columns.parentCounts, size, 'parentCounts'));
  const edges = parentStart[size]!;
  return completeLayout({
    ids: columns.ids as string[],
    parameterCount,
    parentStart,
    parents: readParents(parentStart, numbers(columns.parents, edges, 'parents')),
    definition: Int32Array.from(
      within(-1, columns.activityTypes.length, numbers(columns.definitions, size, 'definitions')),
    ),
    activityTypes: columns.activityTypes as string[],
    policy: Uint32Array.from(within(0, columns.policies.length, numbers(columns.policy, size, 'policy'))),
    policies: columns.policies as LayoutPolicy[],
    summaries: readSummaries(columns, size),
    terminals: Uint32Array.from(within(0, size, sums(numbers(columns.terminals, undefined, 'terminals')))),
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

/** `count`: how many numbers there must be; undefined: any number. */
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

function starts(counts: readonly number[]): Uint32Array {
  return Uint32Array.from([0, ...sums(counts)]);
}

/** The first parent of a knot as the distance to it, each other as the difference from the one before. */
function parentDifferences({ size, parentStart, parents }: Layout): number[] {
  const values: number[] = [];
  for (let knot = 0; knot < size; knot++) {
    for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
      values.push(edge === parentStart[knot] ? knot - parents[edge]! : parents[edge]! - parents[edge - 1]!);
    }
  }
  return values;
}

function readParents(parentStart: Uint32Array, values: readonly number[]): Uint32Array {
  const parents = new Uint32Array(values.length);
  for (let knot = 0; knot < parentStart.length - 1; knot++) {
    const first = parentStart[knot]!;
    for (let edge = first; edge < parentStart[knot + 1]!; edge++) {
      const parent = edge === first ? knot - values[edge]! : parents[edge - 1]! + values[edge]!;
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

  /** Where an item of so many bytes goes. */
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
