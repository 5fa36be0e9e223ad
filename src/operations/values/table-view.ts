import { z } from 'zod';
import { TAG, VALUE } from '../../values/tags';
import type { Json } from '../../values';
import { json as anyJson, list } from '../fields';
import { cutJson } from './cut-json';

type Row = Readonly<Record<string, Json>>;

const MOST_COLUMNS = 100;
const MOST_DISTINCT = 10_000;
const TOP = 5;
const BINS = 10;
const CELL_CHARACTERS = 500;
const TOP_CHARACTERS = 100;

const columnView = z.object({
  name: z.string(),
  type: z.enum(['number', 'text', 'boolean', 'time', 'mixed', 'nested']),
  missing: z.int(),
  distinct: z.int().optional(),
  min: z.union([z.number(), z.string()]).optional(),
  max: z.union([z.number(), z.string()]).optional(),
  mean: z.number().optional(),
  /** For numbers: counts of ten equal ranges from `min` to `max`. */
  histogram: list(z.int()).optional(),
  /** For texts: the most frequent five with their counts. */
  top: list(z.tuple([z.string(), z.int()])).optional(),
});
export type ColumnView = z.output<typeof columnView>;

export const tableView = z.object({
  rows: z.int(),
  columns: list(columnView),
  from: z.int(),
  /** At most 100 rows, with cells in the order of the columns. An absent cell is null, and counts as `missing`. */
  cells: list(list(anyJson)),
});
export type TableView = z.output<typeof tableView>;

/** Whether a value is a list of records. */
export function isTable(json: Json): json is Row[] {
  return Array.isArray(json) && json.length > 0 && json.every(isRow);
}

function isRow(json: Json): json is Row {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !Object.hasOwn(json, TAG);
}

/** A window of rows, with statistics of each column over all rows. */
export function tableOf(rows: readonly Row[], from: number, most: number): TableView {
  const names = new Set<string>();
  for (const row of rows) {
    for (const name of Object.keys(row)) if (names.size < MOST_COLUMNS) names.add(name);
  }
  const columns = [...names];
  return {
    rows: rows.length,
    columns: columns.map((name) => columnOf(name, rows)),
    from: Math.min(from, rows.length),
    cells: rows
      .slice(from, from + most)
      .map((row) =>
        columns.map((name) => (Object.hasOwn(row, name) ? cutJson(row[name]!, CELL_CHARACTERS).json : null)),
      ),
  };
}

type CellType = ColumnView['type'];

function columnOf(name: string, rows: readonly Row[]): ColumnView {
  const values: (number | string | boolean)[] = [];
  const types = new Set<CellType>();
  let missing = 0;
  for (const row of rows) {
    const json = Object.hasOwn(row, name) ? row[name]! : null;
    if (json === null) {
      missing += 1;
      continue;
    }
    const [type, plain] = cellOf(json);
    types.add(type);
    if (plain !== undefined) values.push(plain);
  }
  const [only] = types;
  const type = types.size === 1 ? only! : types.size === 0 ? 'text' : 'mixed';
  return { name, type, missing, ...distinctOf(values), ...summaryOf(type, values) };
}

function cellOf(json: Json): readonly [CellType, (number | string | boolean)?] {
  if (typeof json === 'number') return ['number', json];
  if (typeof json === 'string') return ['text', json];
  if (typeof json === 'boolean') return ['boolean', json];
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return ['nested'];
  const value = json[VALUE];
  if (json[TAG] === 'date' && typeof value === 'string') return ['time', value];
  if ((json[TAG] === 'number' || json[TAG] === 'bigint') && typeof value === 'string')
    return ['number', Number(value)];
  return ['nested'];
}

function distinctOf(values: readonly (number | string | boolean)[]): Pick<ColumnView, 'distinct'> {
  const distinct = new Set<number | string | boolean>();
  for (const value of values) {
    distinct.add(value);
    if (distinct.size > MOST_DISTINCT) return {};
  }
  return { distinct: distinct.size };
}

function summaryOf(type: CellType, values: readonly (number | string | boolean)[]): Partial<ColumnView> {
  if (type === 'number') return numbersOf((values as number[]).filter((value) => Number.isFinite(value)));
  if (type === 'time' && values.length > 0) {
    const times = values as string[];
    return {
      min: times.reduce((one, other) => (other < one ? other : one)),
      max: times.reduce((one, other) => (other > one ? other : one)),
    };
  }
  if (type === 'text' || type === 'boolean') return { top: topOf(values.map(String)) };
  return {};
}

function numbersOf(numbers: readonly number[]): Partial<ColumnView> {
  if (numbers.length === 0) return {};
  let min = Infinity;
  let max = -Infinity;
  let mean = 0;
  for (const number of numbers) {
    min = Math.min(min, number);
    max = Math.max(max, number);
    // A sum of large numbers could overflow.
    mean += number / numbers.length;
  }
  const histogram = new Array<number>(BINS).fill(0);
  const width = (max - min) / BINS;
  for (const number of numbers) {
    const bin = width > 0 && Number.isFinite(width) ? Math.floor((number - min) / width) : 0;
    histogram[Math.min(BINS - 1, Math.max(0, bin))]! += 1;
  }
  return { min, max, mean, histogram };
}

function topOf(texts: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    const known = counts.get(text);
    if (known !== undefined) counts.set(text, known + 1);
    else if (counts.size < MOST_DISTINCT) counts.set(text, 1);
  }
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .slice(0, TOP)
    .map(([text, count]) => [text.slice(0, TOP_CHARACTERS), count]);
}
