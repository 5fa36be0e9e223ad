import type { SqlSchema } from '../sql/schema';
import type { SqliteConnection } from './connection';

/** Rows of one statement. Below 16 each number has its own, so that a list of any length needs few kinds of statement and few of them. */
function rowsOfNextStatement(remaining: number): number {
  if (remaining >= 64) return 64;
  return remaining >= 16 ? 16 : remaining;
}

/** The rows of one statement, from `start` on, and what became of them. */
export interface InsertedRows {
  readonly start: number;
  readonly count: number;
  /** How many were not there already. */
  readonly inserted: number;
  /** Row id of the last inserted; means nothing if none was. */
  readonly lastId: number;
}

/** Inserts rows into one table, many by one statement, with the SQL text built once and not once a call. Rows that are there stay, unless said otherwise. */
export class RowInserter {
  readonly #table: keyof SqlSchema;
  readonly #columns: readonly string[];
  readonly #onConflict: string;
  readonly #statements = new Map<number, string>();

  /** @param onConflict what to do about a row that is there */
  constructor(table: keyof SqlSchema, columns: readonly string[], onConflict = 'on conflict do nothing') {
    this.#table = table;
    this.#columns = columns;
    this.#onConflict = onConflict;
  }

  /** Each row has its values in the order of the columns. */
  insert(connection: SqliteConnection, rows: readonly (readonly unknown[])[]): InsertedRows[] {
    const results: InsertedRows[] = [];
    let start = 0;
    while (start < rows.length) {
      const count = rowsOfNextStatement(rows.length - start);
      const parameters = count === 1 ? rows[start]! : valuesOf(rows, start, count);
      const { changes, lastInsertRowid } = connection.run(this.#statement(count), parameters);
      results.push({ start, count, inserted: Number(changes), lastId: Number(lastInsertRowid) });
      start += count;
    }
    return results;
  }

  #statement(count: number): string {
    let statement = this.#statements.get(count);
    if (statement === undefined) {
      const row = `(${this.#columns.map(() => '?').join(', ')})`;
      const columns = this.#columns.map((column) => `"${column}"`).join(', ');
      const rows = Array<string>(count).fill(row).join(', ');
      statement = `insert into "${this.#table}" (${columns}) values ${rows} ${this.#onConflict}`;
      this.#statements.set(count, statement);
    }
    return statement;
  }
}

/** As `flat()` of a slice, which takes several times as long. */
function valuesOf(rows: readonly (readonly unknown[])[], start: number, count: number): unknown[] {
  const values: unknown[] = [];
  for (let row = start; row < start + count; row++) for (const value of rows[row]!) values.push(value);
  return values;
}
