import type { CompiledQuery, InsertQueryBuilder, InsertResult } from 'kysely';
import type { SqliteExecutor } from './database';
import type { SqliteSchema } from './schema';

type InsertAny = InsertQueryBuilder<SqliteSchema, any, InsertResult>;

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

/** Inserts rows into one table, many by one statement, with the SQL text built once and not once a call. Rows that are there stay. */
export class RowInserter {
  readonly #table: keyof SqliteSchema;
  readonly #columns: readonly string[];
  readonly #compiled = new Map<number, CompiledQuery>();

  constructor(table: keyof SqliteSchema, columns: readonly string[]) {
    this.#table = table;
    this.#columns = columns;
  }

  /** Each row has its values in the order of the columns. */
  async insert(db: SqliteExecutor, rows: readonly (readonly unknown[])[]): Promise<InsertedRows[]> {
    const results: InsertedRows[] = [];
    let start = 0;
    while (start < rows.length) {
      const count = rowsOfNextStatement(rows.length - start);
      const parameters = rows.slice(start, start + count).flat();
      const result = await db.executeQuery({ ...this.#query(db, count), parameters });
      results.push({
        start,
        count,
        inserted: Number(result.numAffectedRows),
        lastId: Number(result.insertId),
      });
      start += count;
    }
    return results;
  }

  #query(db: SqliteExecutor, count: number): CompiledQuery {
    let compiled = this.#compiled.get(count);
    if (compiled === undefined) {
      const placeholders = Object.fromEntries(this.#columns.map((column) => [column, '']));
      const insert = db
        .insertInto(this.#table)
        .values(Array(count).fill(placeholders)) as unknown as InsertAny;
      compiled = insert.onConflict((conflict) => conflict.doNothing()).compile();
      this.#compiled.set(count, compiled);
    }
    return compiled;
  }
}
