import { z } from 'zod';
import { TAG, VALUE } from '../../values/tags';
import type { Json } from '../../values';
import { json as anyJson, list, text } from '../fields';
import { cellText } from '../../values/cell-text';
import { orderedColumns } from '../../values/column-order';
import { cutJson } from './cut-json';

type Row = Readonly<Record<string, Json>>;

export const MOST_COLUMNS = 100;
const MOST_DISTINCT = 10_000;
const TOP = 5;
const BINS = 10;
export const CELL_CHARACTERS = 500;
const TOP_CHARACTERS = 100;

const columnView = z.object({
  name: z.string(),
  type: z.enum(['number', 'text', 'boolean', 'time', 'mixed', 'nested']),
  /** The type of a table's column, such as `timestamp[us]`. */
  columnType: z.string().optional(),
  /** Absent if unknown: of a large table, it comes from the file, as `min` and `max` do. */
  missing: z.int().optional(),
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
  /** The columns by which a table is sorted. */
  key: list(z.string()).optional(),
  /** Of a large table: the first rows that `distinct`, `mean`, `histogram` and `top` cover. Default: all. */
  sampled: z.int().optional(),
  /** Of a large table: the first rows among which `filter` and `sort` choose. Default: all. */
  scanned: z.int().optional(),
  /** False if only parts of the file were read, which its hash cannot check. */
  isChecked: z.boolean().optional(),
  from: z.int(),
  /** With `filter`, the number of rows that match. */
  matching: z.int().optional(),
  /** With `filter` or `sort`, the index of each row in the value. */
  indexes: list(z.int()).optional(),
  /**
   * At most 100 rows, with cells in the order of the columns. An absent cell is null, and counts as `missing`. Of a
   * table, 64-bit integers, decimals and times are texts.
   */
  cells: list(list(anyJson)),
});
export type TableView = z.output<typeof tableView>;

export const rowsAsked = {
  sort: text.optional().describe('of a list of records: the column by which its rows are sorted'),
  descending: z.boolean().optional().describe('sorts from the last to the first'),
  filter: text.optional().describe('of a list of records: only rows with this text in a cell, in any case'),
};
interface RowsAsked {
  readonly sort?: string;
  readonly descending?: boolean;
  readonly filter?: string;
}

/** Whether a value is a list of records. */
export function isTable(json: Json): json is Row[] {
  return Array.isArray(json) && json.length > 0 && json.every(isRow);
}

function isRow(json: Json): json is Row {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !Object.hasOwn(json, TAG);
}

/**
 * A window of rows, with statistics of each column over all rows.
 *
 * @param order of the columns as they were made, if it is on record
 */
export function tableOf(
  rows: readonly Row[],
  order: readonly number[] | undefined,
  { from, ...asked }: RowsAsked & { readonly from: number },
  most: number,
): TableView {
  const columns = columnsOf(rows, order).slice(0, MOST_COLUMNS);
  const chosen = chosenRows(rows, asked);
  const shown = chosen.slice(from, from + most);
  return {
    rows: rows.length,
    columns: columns.map((name) => columnOf(name, rows)),
    from: Math.min(from, chosen.length),
    ...(asked.filter && { matching: chosen.length }),
    ...((asked.filter || asked.sort !== undefined) && { indexes: shown }),
    cells: shown.map((index) =>
      columns.map((name) => cutJson(cellAt(rows[index]!, name), CELL_CHARACTERS).json),
    ),
  };
}

/**
 * All columns of the chosen rows. Cells are exact: a program that reads `=1+1` as a formula must be told not to. A
 * missing cell is empty, an empty text is `""`.
 */
export function csvOf(rows: readonly Row[], order: readonly number[] | undefined, asked: RowsAsked): string {
  const columns = columnsOf(rows, order);
  const lines = chosenRows(rows, asked).map((index) =>
    columns.map((name) => csvCell(cellAt(rows[index]!, name))).join(','),
  );
  return [columns.map(csvCell).join(','), ...lines, ''].join('\r\n');
}

export function csvCell(json: Json): string {
  const cell = cellText(json);
  return json === '' || /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function columnsOf(rows: readonly Row[], order: readonly number[] | undefined): string[] {
  return [...new Set([...orderedColumns(rows, order), ...rows.flatMap((row) => Object.keys(row))])];
}

function cellAt(row: Row, name: string): Json {
  return Object.hasOwn(row, name) ? row[name]! : null;
}

/** Indexes of the rows that match, sorted. */
function chosenRows(rows: readonly Row[], { sort, descending = false, filter = '' }: RowsAsked): number[] {
  const wanted = filter.toLowerCase();
  const chosen = [...rows.keys()].filter(
    (index) =>
      wanted === '' ||
      Object.values(rows[index]!).some((json) => cellText(json).toLowerCase().includes(wanted)),
  );
  if (sort === undefined) return chosen;
  const cells = new Map(
    chosen.map((index) => {
      const json = cellAt(rows[index]!, sort);
      const [type, plain] = json === null ? [] : cellOf(json);
      return [index, type === 'number' && !Number.isNaN(plain) ? plain! : cellText(json)];
    }),
  );
  return chosen.sort((one, other) => comparedCells(cells.get(one)!, cells.get(other)!, descending));
}

type Cell = number | string | boolean;

/** Numbers come before texts, and missing cells last in both directions. */
function comparedCells(one: Cell, other: Cell, descending: boolean): number {
  if (one === other) return 0;
  if (one === '' || other === '') return one === '' ? 1 : -1;
  const isLess = typeof one === typeof other ? one < other : typeof one === 'number';
  return isLess === descending ? 1 : -1;
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

export function distinctOf(
  values: Iterable<number | bigint | string | boolean>,
): Pick<ColumnView, 'distinct'> {
  const distinct = new Set<number | bigint | string | boolean>();
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

/** @param base what was subtracted from the numbers */
export function numbersOf(numbers: readonly number[], base = 0): Partial<ColumnView> {
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
  return { min, max, mean: base + mean, histogram };
}

export function topOf(texts: Iterable<string>): [string, number][] {
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
