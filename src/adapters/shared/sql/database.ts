import type { Kysely, RawBuilder, SqlBool } from 'kysely';
import type { LineageRole, SqlSchema } from './schema';

export type SqlExecutor = Kysely<SqlSchema>;

/** What SQL databases say in different words. */
export interface SqlDialect {
  /** True where the column is one of the values: one parameter, however many there are, so that the same statement serves every call. */
  isOneOf(column: string, values: readonly string[]): RawBuilder<SqlBool>;
  /** The time by the clock of the database: milliseconds since the epoch. */
  now(): RawBuilder<number>;
  /** At the end of a select: nobody changes its rows before this transaction ends. Empty where a transaction that writes is alone. */
  readonly lockRows: RawBuilder<unknown>;
  /** What of lineage is found by `selvage_lineage_index`; the rest by indexes of the table of records. */
  readonly indexedRoles: ReadonlySet<LineageRole>;
  /** Joins two tables, the left one first where the database has nothing else to go by. */
  readonly join: RawBuilder<unknown>;
}

/** An open database with Selvage's tables, which the adapters can share. */
export interface SqlDatabase {
  readonly dialect: SqlDialect;
  /** Which one that is, in words for messages: `the database …`. */
  readonly place: string;
  /** Runs queries outside of a transaction. They may be run once more from the start. */
  read<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in one transaction, and again from the start if it could not be done, or nobody knows whether it was. So `work` must do
   * nothing but queries, and come to the same when it is done twice.
   */
  write<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T>;
  /** What tells this database from every other. */
  identity(): Promise<string>;
  /** Closes the connections if Selvage opened them. A second call does nothing. */
  close(): Promise<void>;
}
