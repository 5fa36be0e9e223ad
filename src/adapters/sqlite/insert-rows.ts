import type { SqlSchema } from '../sql/schema';
import type { SqliteConnection } from './connection';

/** Every number of rows below 16 has its own statement, so that lists of any length need few forms of statements. */
function rowsOfNextStatement(remaining: number): number {
  if (remaining >= 64) return 64;
  return remaining >= 16 ? 16 : remaining;
}

/** Fewer rows than this are not worth a separate statement. */
const FEWEST_ALIKE = 4;

/** The rows of one statement, and its result. */
interface InsertedRows {
  readonly start: number;
  readonly count: number;
  readonly inserted: number;
  /** The last inserted id; the id of an earlier row if no row was inserted. */
  readonly lastId: number;
}

interface RowInserterOptions {
  /** The SQL clause for existing rows. Default: they stay. */
  readonly onConflict?: string;
  /** Columns in which most rows of a call are equal: equal values are passed once, as passing values is costly. */
  readonly alike?: readonly string[];
}

/** Inserts rows into one table, many per statement, by SQL texts that are built once. */
export class RowInserter {
  readonly #onConflict: string;
  /** Positions of columns. */
  readonly #alike: readonly number[];
  readonly #others: readonly number[];
  readonly #ofRows = new Map<number, string>();
  readonly #ofAlikeRows = new Map<number, string>();

  constructor(
    private readonly table: keyof SqlSchema,
    private readonly columns: readonly string[],
    { onConflict = 'on conflict do nothing', alike = [] }: RowInserterOptions = {},
  ) {
    this.#onConflict = onConflict;
    const positions = [...columns.keys()];
    this.#alike = positions.filter((position) => alike.includes(columns[position]!));
    this.#others = positions.filter((position) => !alike.includes(columns[position]!));
  }

  /** The rows have values in column order. A statement runs when the previous result has been taken. */
  *insert(connection: SqliteConnection, rows: readonly (readonly unknown[])[]): Generator<InsertedRows> {
    let start = 0;
    while (start < rows.length) {
      const count = rowsOfNextStatement(rows.length - start);
      const { changes, lastInsertRowid } = this.#run(connection, rows, start, count);
      yield { start, count, inserted: Number(changes), lastId: Number(lastInsertRowid) };
      start += count;
    }
  }

  insertAll(connection: SqliteConnection, rows: readonly (readonly unknown[])[]): void {
    for (const _ of this.insert(connection, rows));
  }

  #run(
    connection: SqliteConnection,
    rows: readonly (readonly unknown[])[],
    start: number,
    count: number,
  ): ReturnType<SqliteConnection['run']> {
    if (count === 1) return connection.run(this.#insertRows(1), rows[start]!);
    if (count < FEWEST_ALIKE || !this.#areAlike(rows, start, count))
      return connection.run(this.#insertRows(count), valuesOf(rows, start, count));
    const values: unknown[] = [];
    for (const position of this.#alike) values.push(rows[start]![position]);
    for (let row = start; row < start + count; row++)
      for (const position of this.#others) values.push(rows[row]![position]);
    return connection.run(this.#insertAlikeRows(count), values);
  }

  #areAlike(rows: readonly (readonly unknown[])[], start: number, count: number): boolean {
    const first = rows[start]!;
    for (const position of this.#alike)
      for (let row = start + 1; row < start + count; row++)
        if (rows[row]![position] !== first[position]) return false;
    return this.#alike.length > 0;
  }

  #insertRows(count: number): string {
    return remembered(this.#ofRows, count, () => {
      const row = `(${this.columns.map(() => '?').join(', ')})`;
      return `${this.#into(this.columns)} values ${repeated(row, count)} ${this.#onConflict}`;
    });
  }

  /** The statement has no numbered parameters, which better-sqlite3 takes for named ones. */
  #insertAlikeRows(count: number): string {
    return remembered(this.#ofAlikeRows, count, () => {
      const alike = this.#alike.map((position) => `? as "${this.columns[position]}"`).join(', ');
      const row = `(${this.#others.map(() => '?').join(', ')})`;
      const columns = [...this.#alike, ...this.#others].map((position) => this.columns[position]!);
      return (
        `${this.#into(columns)} select alike.*, other.* from (select ${alike}) as alike, ` +
        // Without `where true`, SQLite would read the conflict's `on` as the join's.
        `(values ${repeated(row, count)}) as other where true ${this.#onConflict}`
      );
    });
  }

  #into(columns: readonly string[]): string {
    return `insert into "${this.table}" (${columns.map((column) => `"${column}"`).join(', ')})`;
  }
}

function remembered(statements: Map<number, string>, count: number, make: () => string): string {
  let statement = statements.get(count);
  if (statement === undefined) statements.set(count, (statement = make()));
  return statement;
}

function repeated(row: string, count: number): string {
  return Array<string>(count).fill(row).join(', ');
}

/** Does what `flat()` of a slice would do in several times as long. */
function valuesOf(rows: readonly (readonly unknown[])[], start: number, count: number): unknown[] {
  const values: unknown[] = [];
  for (let row = start; row < start + count; row++) for (const value of rows[row]!) values.push(value);
  return values;
}
