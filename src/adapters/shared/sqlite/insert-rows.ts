import type { CompiledQuery, InsertQueryBuilder, InsertResult, Kysely, QueryResult } from 'kysely';
import type { SqliteExecutor } from './database';
import type { SqliteSchema } from './schema';

type InsertAny = InsertQueryBuilder<SqliteSchema, any, InsertResult>;

/** A list of any length is inserted by statements of these many rows, so that few different ones need to be prepared. */
const ROWS_PER_STATEMENT = [64, 16, 4, 1];

/** Inserts rows into one table, many by one statement, with the SQL text built once and not once a call. */
export class RowInserter<Row = never> {
  readonly #table: keyof SqliteSchema;
  readonly #columns: readonly string[];
  readonly #finish: (query: InsertAny) => { compile(): CompiledQuery };
  readonly #compiled = new Map<number, CompiledQuery>();

  /** `finish` adds what follows the rows: conflicts, what to return. */
  constructor(
    table: keyof SqliteSchema,
    columns: readonly string[],
    finish: (query: InsertAny) => { compile(): CompiledQuery },
  ) {
    this.#table = table;
    this.#columns = columns;
    this.#finish = finish;
  }

  /** Each row has its values in the order of the columns. Answers what the statements returned. */
  async insert(db: SqliteExecutor, rows: readonly (readonly unknown[])[]): Promise<Row[]> {
    const returned: Row[] = [];
    let start = 0;
    while (start < rows.length) {
      const size = ROWS_PER_STATEMENT.find((candidate) => candidate <= rows.length - start) as number;
      const parameters: unknown[] = [];
      for (let index = start; index < start + size; index += 1)
        parameters.push(...(rows[index] as readonly unknown[]));
      const result = (await db.executeQuery({ ...this.#query(db, size), parameters })) as QueryResult<Row>;
      if (result.rows.length > 0) returned.push(...result.rows);
      start += size;
    }
    return returned;
  }

  #query(db: Kysely<SqliteSchema>, size: number): CompiledQuery {
    let compiled = this.#compiled.get(size);
    if (compiled === undefined) {
      const placeholders = Object.fromEntries(this.#columns.map((column) => [column, '']));
      const query = db.insertInto(this.#table).values(Array(size).fill(placeholders)) as unknown as InsertAny;
      compiled = this.#finish(query).compile();
      this.#compiled.set(size, compiled);
    }
    return compiled;
  }
}
