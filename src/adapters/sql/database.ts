import type { Compilable, Kysely, RawBuilder, SqlBool } from 'kysely';
import type { LineageRole, SqlSchema } from './schema';

export type SqlExecutor = Kysely<SqlSchema>;

/** Expressions that differ between SQL databases. */
export interface SqlDialect {
  /** Tests whether the column is one of the values: always one parameter, so that one statement serves every call. */
  isOneOf(column: string, values: readonly string[]): RawBuilder<SqlBool>;
  /** Tests whether two columns are one of the pairs, with a fixed number of parameters. */
  isOnePairOf(
    columns: readonly [string, string],
    pairs: readonly (readonly [string, string])[],
  ): RawBuilder<SqlBool>;
  /** The texts of a column in a group, as JSON, which is cheaper than separate rows. */
  jsonList(column: string): RawBuilder<string>;
  /** The database's clock, in milliseconds since the epoch. */
  now(): RawBuilder<number>;
  /** The number of this transaction's change, or an expression for it. */
  nextChange(db: SqlExecutor): Promise<number | RawBuilder<number>>;
  /** A suffix of a select that locks its rows for the transaction; empty if writing transactions are exclusive. */
  readonly lockRows: RawBuilder<unknown>;
  /** The roles in `selvage_lineage_index`; for other roles, the records' table has indexes. */
  readonly indexedRoles: ReadonlySet<LineageRole>;
  /** A join that reads the left table first if the database has no statistics to choose by. */
  readonly join: RawBuilder<unknown>;
}

/** An open database with Selvage's tables, shared by adapters. */
export interface SqlDatabase {
  readonly dialect: SqlDialect;
  /** For messages: `the database …`. */
  readonly place: string;
  /** Runs queries outside of a transaction, which may be repeated. */
  read<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in one transaction, and repeats it after a failure, even if it may have succeeded. The function `work`
   * must only make queries, and have the same result when repeated.
   */
  write<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T>;
  /** Like {@link write}, for one statement: its locks end with the statement. Returns the number of changed rows. */
  writeOne(statement: (db: SqlExecutor) => Compilable): Promise<number>;
  identity(): Promise<string>;
  /** Closes the connections if Selvage opened them. Calling it twice has the effect of one call. */
  close(): Promise<void>;
}
