import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { fromBase64 } from '../../values/base64';
import { compare } from '../../tables/key-order';
import type { TableManifest } from '../../tables/manifest';
import { DIGEST_BYTES } from '../../tables/manifest-parts';
import { BLOCK_ROWS } from '../../tables/vector';
import { json, list } from '../fields';
import type { OpenedTable } from './open-table';
import { RowComparison } from './row-comparison';

/** Cells that are compared if the asker does not say how many rows. */
const COMPARED_CELLS = 10_000_000;

const side = z.object({ hash: z.string(), rows: z.int() });
const cell = z.object({ column: z.string(), first: json.optional(), second: json.optional() });
const rowView = z.object({
  change: z.enum(['added', 'removed', 'changed']),
  /** The number of the row in each table that has it, counted from 0. */
  first: z.int().optional(),
  second: z.int().optional(),
  /** The values of the key. */
  values: list(json),
  /** At most 20 cells: of a changed row those that differ. Values are as in `tables.show`. */
  cells: list(cell),
  /** Number of cells that are not in `cells`. */
  more: z.int().optional(),
});
export type RowView = z.output<typeof rowView>;

const columnView = z.object({
  name: z.string(),
  change: z.enum(['added', 'removed', 'retyped', 'changed']),
  /** The type in each table that has the column. */
  first: z.string().optional(),
  second: z.string().optional(),
  /** Of a column with one type: in how many rows that both tables have its value differs. */
  rows: z.int().optional(),
});

export const differenceView = z.object({
  form: z.literal('difference'),
  first: side,
  second: side,
  /** The columns by which rows were matched; none if they were matched by their number. */
  key: list(z.string()),
  /** Columns that differ. Added, removed and retyped ones do not count as a change of a row. */
  columns: list(columnView),
  /** Counts of rows. */
  added: z.int(),
  removed: z.int(),
  changed: z.int(),
  /** The number of first rows of each table that the counts cover. Default: all. */
  compared: z.object({ first: z.int(), second: z.int() }).optional(),
  /** False if only parts of a file were read, which its hash cannot check. */
  isChecked: z.boolean(),
  /** The first rows that differ, in the order of the key. */
  items: list(rowView),
});
export type TableDifference = z.output<typeof differenceView>;

type Opened = OpenedTable & { readonly hash: string };

/**
 * How two tables differ. Columns, and blocks of 65,536 rows, that the manifests know to be equal are not read; neither
 * are rows behind the end of the other table.
 *
 * @throws SelvageError `ValueDamaged`, `UnreadableFile`, `BackendUnavailable`
 */
export async function differenceOf(
  first: Opened,
  second: Opened,
  { rows: most, scan }: { readonly rows: number; readonly scan?: number | undefined },
  isRedacted: boolean,
): Promise<TableDifference> {
  const [one, other] = [first.manifest, second.manifest];
  const columns: Columns = [columnsOf(one), columnsOf(other)];
  const [before, now] = columns;
  const names = [...new Set([...before.keys(), ...now.keys()])];
  const common = names.filter((name) => before.get(name)?.type === now.get(name)?.type);
  const isKeyed = isDeepStrictEqual(one.key, other.key) && one.key?.every((name) => common.includes(name));
  const key = isKeyed ? one.key! : [];
  const budget = scan ?? Math.max(1, Math.floor(COMPARED_CELLS / Math.max(1, common.length)));
  const rows = new RowComparison([first, second], { key, most, budget, isRedacted });
  if (common.length > 0) await compareRows(rows, columns, [one.rows, other.rows], common, key);
  return {
    form: 'difference',
    first: { hash: first.hash, rows: one.rows },
    second: { hash: second.hash, rows: other.rows },
    key,
    columns: names.flatMap((name) => changeOf(name, columns, rows.changedIn.get(name))),
    ...rows.counts(),
    isChecked: first.isChecked && second.isChecked,
    items: rows.items,
  };
}

async function compareRows(
  rows: RowComparison,
  columns: Columns,
  counts: readonly [number, number],
  common: readonly string[],
  key: readonly string[],
): Promise<void> {
  const shorter = Math.min(...counts);
  const isWhole = counts[0] === counts[1];
  let from = 0;
  while (from < shorter) {
    const to = Math.min(from + BLOCK_ROWS, shorter);
    // A shorter block may have the bytes of a longer one.
    const isOfOneLength = isWhole || to === from + BLOCK_ROWS;
    const looked = common.filter((name) => !isOfOneLength || !isEqual(name, from, columns, isWhole));
    // From the first row on, rows with equal keys have equal numbers.
    if (key.some((name) => looked.includes(name))) break;
    if (looked.length === 0) rows.passTo(to);
    else if (!(await rows.compare(looked, false, from, to))) return;
    from = to;
  }
  await rows.compare(common, true, from);
}

interface Column {
  readonly hash: string;
  readonly type: string;
  /** Of its blocks. They take no key, so they are equal also where the hashes are not. */
  readonly digests: Uint8Array | undefined;
}
type Columns = readonly [ReadonlyMap<string, Column>, ReadonlyMap<string, Column>];

function columnsOf({ columns, blocks }: TableManifest): ReadonlyMap<string, Column> {
  return new Map(
    columns.map(({ name, hash, type }, place) => [
      name,
      { hash, type, digests: blocks && fromBase64(blocks[place]!) },
    ]),
  );
}

function changeOf(
  name: string,
  [before, now]: Columns,
  rows: number | undefined,
): TableDifference['columns'] {
  const [first, second] = [before.get(name)?.type, now.get(name)?.type];
  if (first === undefined) return [{ name, change: 'added', second }];
  if (second === undefined) return [{ name, change: 'removed', first }];
  if (first !== second) return [{ name, change: 'retyped', first, second }];
  return rows === undefined ? [] : [{ name, change: 'changed', first, second, rows }];
}

/** Whether the manifests know that a column is equal in the block that begins with a row. */
function isEqual(name: string, row: number, [before, now]: Columns, isWhole: boolean): boolean {
  const [one, other] = [before.get(name)!, now.get(name)!];
  if (isWhole && one.hash === other.hash) return true;
  const place = (row / BLOCK_ROWS) * DIGEST_BYTES;
  const [left, right] = [one, other].map(({ digests }) => digests?.subarray(place, place + DIGEST_BYTES));
  return left !== undefined && right !== undefined && compare(left, right) === 0;
}
