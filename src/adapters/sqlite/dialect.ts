import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
} from 'kysely';
import { SqliteConnection } from './connection';
import type { SqliteDatabaseLike } from './database-like';
import { rollBack } from './roll-back';

/**
 * Kysely over one SQLite connection, with prepared statements, unlike its `SqliteDialect`. Transactions take the write
 * lock at once, because one that reads first and then meets another writer's changes fails for good.
 */
export class CachingSqliteDialect implements Dialect {
  readonly #driver: SingleConnectionDriver;

  constructor(database: SqliteDatabaseLike) {
    this.#driver = new SingleConnectionDriver(new SqliteConnection(database));
  }

  createDriver(): Driver {
    return this.#driver;
  }

  /** Every commit uses this method, without Kysely, whose overhead between statements exceeds the cost of most. */
  transactionAtOnce<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    return this.atOnce((connection) => {
      connection.exec('begin immediate');
      try {
        const result = work(connection);
        connection.exec('commit');
        return result;
      } catch (error) {
        rollBack(connection);
        throw error;
      }
    });
  }

  /** Works without Kysely, and without a transaction. */
  async atOnce<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    const driver = this.#driver;
    const connection = await driver.acquireConnection();
    try {
      return work(connection);
    } finally {
      driver.release();
    }
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new SqliteAdapter();
  }

  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

class SingleConnectionDriver implements Driver {
  #tail: Promise<void> | undefined;
  #release: (() => void) | undefined;

  constructor(private readonly connection: SqliteConnection) {}

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteConnection> {
    while (this.#tail !== undefined) await this.#tail;
    this.#tail = new Promise((resolve) => {
      this.#release = resolve;
    });
    return this.connection;
  }

  async releaseConnection(): Promise<void> {
    this.release();
  }

  release(): void {
    const release = this.#release;
    this.#tail = undefined;
    this.#release = undefined;
    release?.();
  }

  async beginTransaction(): Promise<void> {
    this.connection.exec('begin immediate');
  }

  async commitTransaction(): Promise<void> {
    this.connection.exec('commit');
  }

  async rollbackTransaction(): Promise<void> {
    rollBack(this.connection);
  }

  async destroy(): Promise<void> {
    this.connection.close();
  }
}
