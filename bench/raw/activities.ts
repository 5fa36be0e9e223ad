/** The work itself: what the knots do and what the activities of the hand-written workflows do. */

export interface TableRow {
  readonly id: number;
  readonly name: string;
  readonly reading: number;
  readonly tags: readonly string[];
}

/** Together 1 MB of JSON. */
const ROWS = 10_200;

export function increment(x: number): number {
  return x + 1;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function makeRows(seed: number): TableRow[] {
  return Array.from({ length: ROWS }, (_, id) => ({
    id: 100_000 + id,
    name: `station ${seed + id} of the northern network`,
    reading: seed + id / 8,
    tags: ['raw', 'hourly'],
  }));
}

export function nextRows(rows: readonly TableRow[]): TableRow[] {
  return rows.map((row) => ({ ...row, reading: row.reading + 1 }));
}

export function countRows(rows: readonly TableRow[]): number {
  return rows.length;
}
