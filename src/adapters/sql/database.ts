import type { Compilable, Kysely, RawBuilder, SqlBool } from 'kysely';
import type { LineageRole, SqlSchema } from './schema';

export type SqlExecutor = Kysely<SqlSchema>;

/** Expressions that differ between SQL databases. */
export interface SqlDialect {
  /**
   * True if the column is one of the values: a single parameter for any number, so that one statement serves
   * every call.
   */
  isOneOf(column: string, values: readonly string[]): RawBuilder<SqlBool>;
  /** True if two columns are one of the pairs: the same number of parameters for any number of pairs. */
  isOnePairOf(
    columns: readonly [string, string],
    pairs: readonly (readonly [string, string])[],
  ): RawBuilder<SqlBool>;
  /** The texts of a column in a group, as JSON: cheaper than separate rows. */
  jsonList(column: string): RawBuilder<string>;
  /** The time by the database's clock: milliseconds since the epoch. */
  now(): RawBuilder<number>;
  /** The number of a change made by this transaction, or an expression for it. */
  nextChange(db: SqlExecutor): Promise<number | RawBuilder<number>>;
  /**
   * Suffix of a select: nobody changes its rows before this transaction ends. Empty if writing transactions
   * are exclusive.
   */
  readonly lockRows: RawBuilder<unknown>;
  /**
   * The roles of lineage found by `selvage_lineage_index`; others are found by indexes of the records' table.
   */
  readonly indexedRoles: ReadonlySet<LineageRole>;
  /** Joins two tables, the left one first if the database has no statistics to choose by. */
  readonly join: RawBuilder<unknown>;
}

/** An open database with Selvage's tables, shared by adapters. */
export interface SqlDatabase {
  readonly dialect: SqlDialect;
  /** The database in words for messages: `the database …`. */
  readonly place: string;
  /** Runs queries outside of a transaction. They may be repeated from the start. */
  read<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in one transaction, and repeats it from the start if it failed, or if it is unknown whether
   * it succeeded. So `work` must only make queries, and have the same result when repeated.
   */
  write<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T>;
  /** Like {@link write}, for one statement: locks are held for no longer than it runs. Returns how many rows it changed. */
  writeOne(statement: (db: SqlExecutor) => Compilable): Promise<number>;
  identity(): Promise<string>;
  /** Closes the connections if Selvage opened them. A second call does nothing. */
  close(): Promise<void>;
}
