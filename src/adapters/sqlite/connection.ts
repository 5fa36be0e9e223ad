import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { requireStorableText } from '../../ports/parts/not-storable';
import {
  takesParametersInOneArray,
  type SqliteDatabaseLike,
  type SqliteStatementLike,
} from './database-like';

interface PreparedStatement {
  readonly statement: SqliteStatementLike;
  readonly returnsRows: boolean;
  readonly inOneArray: boolean;
}

const MAXIMUM_STATEMENTS = 200;
const RETURNS_ROWS = /^\s*(?:select|with|pragma|explain)\b|\breturning\b/i;

/** An SQLite connection that keeps its statements prepared, as preparing costs more than running most of them. */
export class SqliteConnection implements DatabaseConnection {
  /** Prepared statements by SQL text, the least recently used first. */
  readonly #statements = new Map<string, PreparedStatement>();

  constructor(private readonly database: SqliteDatabaseLike) {}

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#prepare(sql).returnsRows) return { rows: this.all<R>(sql, parameters) };
    const { changes, lastInsertRowid } = this.run(sql, parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  /** Runs a statement that returns rows, synchronously. */
  all<R>(sql: string, parameters: readonly unknown[]): R[] {
    for (const parameter of parameters) requireBindable(parameter, sql);
    const { statement, inOneArray } = this.#prepare(sql);
    return (inOneArray ? statement.all(parameters) : statement.all(...parameters)) as R[];
  }

  /** Runs a statement that returns no rows, synchronously. */
  run(
    sql: string,
    parameters: readonly unknown[],
  ): { changes: number | bigint; lastInsertRowid: number | bigint } {
    for (const parameter of parameters) requireBindable(parameter, sql);
    const { statement, inOneArray } = this.#prepare(sql);
    return inOneArray ? statement.run(parameters) : statement.run(...parameters);
  }

  /**
   * Runs a statement unprepared, for statements that may meet another connection's lock. After such a failure, libsql
   * would not reset a prepared statement, which would keep reading an old state of the database.
   */
  exec(sql: string): void {
    this.database.exec(sql);
  }

  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('The SQLite adapters page through their tables and never stream a query.');
  }

  close(): void {
    this.#statements.clear();
    this.database.close();
  }

  #prepare(sql: string): PreparedStatement {
    let prepared = this.#statements.get(sql);
    if (prepared === undefined) {
      const statement = this.database.prepare(sql);
      prepared = {
        statement,
        returnsRows: RETURNS_ROWS.test(sql),
        inOneArray: takesParametersInOneArray(statement),
      };
      if (this.#statements.size >= MAXIMUM_STATEMENTS) {
        const [leastRecent] = this.#statements.keys();
        this.#statements.delete(leastRecent as string);
      }
    } else {
      this.#statements.delete(sql);
    }
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

/** libsql ends the whole process when it is given a boolean, and cuts text at a zero character when reading it. */
function requireBindable(parameter: unknown, sql: string): void {
  if (typeof parameter === 'string') requireStorableText(parameter, 'SQLite', { statement: sql });
  else if (!isBindable(parameter))
    throw new TypeError(
      `SQLite cannot store a value of type ${typeof parameter}, which was given to: ${sql}`,
    );
}

function isBindable(parameter: unknown): boolean {
  return typeof parameter === 'number' || parameter === null || ArrayBuffer.isView(parameter);
}
