import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
} from 'kysely';
import { SqliteConnection } from './connection';
import type { SqliteDatabaseLike } from './database-like';

/**
 * Kysely over one SQLite connection, as its own `SqliteDialect`, but: statements stay prepared; transactions take the write lock
 * at once (a transaction that reads first and then finds another writer's changes fails without recourse); and migrations
 * run inside a transaction, which is what keeps two processes from migrating at once.
 */
export class CachingSqliteDialect implements Dialect {
  readonly #database: SqliteDatabaseLike;

  constructor(database: SqliteDatabaseLike) {
    this.#database = database;
  }

  createDriver(): Driver {
    return new SingleConnectionDriver(new SqliteConnection(this.#database));
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new TransactionalDdlAdapter();
  }

  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

const BEGIN = CompiledQuery.raw('begin immediate');
const COMMIT = CompiledQuery.raw('commit');
const ROLLBACK = CompiledQuery.raw('rollback');

class SingleConnectionDriver implements Driver {
  readonly #connection: SqliteConnection;
  /** Resolves when those who asked for the connection earlier have given it back. */
  #tail: Promise<void> | undefined;
  #release: (() => void) | undefined;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    while (this.#tail !== undefined) await this.#tail;
    this.#tail = new Promise((resolve) => {
      this.#release = resolve;
    });
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    const release = this.#release;
    this.#tail = undefined;
    this.#release = undefined;
    release?.();
  }

  async beginTransaction(): Promise<void> {
    await this.#connection.executeQuery(BEGIN);
  }

  async commitTransaction(): Promise<void> {
    await this.#connection.executeQuery(COMMIT);
  }

  async rollbackTransaction(): Promise<void> {
    try {
      await this.#connection.executeQuery(ROLLBACK);
    } catch (error) {
      // On a full disk and the like SQLite has rolled back by itself; that must not hide the error which led here.
      if (!/no transaction is active/.test(String(error))) throw error;
    }
  }

  async destroy(): Promise<void> {
    this.#connection.close();
  }
}
