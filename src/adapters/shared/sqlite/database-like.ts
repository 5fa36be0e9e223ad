/**
 * The part of an SQLite connection that Selvage needs. `libsql` (the default) and `better-sqlite3` have it, and so has
 * `DatabaseSync` of `node:sqlite`: give whichever you have.
 */
export interface SqliteDatabaseLike {
  prepare(sql: string): SqliteStatementLike;
  exec(sql: string): unknown;
  close(): unknown;
}

export interface SqliteStatementLike {
  // `any`: the three libraries type their parameters in three ways.
  all(...parameters: any[]): unknown[];
  run(...parameters: any[]): { changes: number | bigint; lastInsertRowid: number | bigint };
}

/** node:sqlite takes parameters one by one, the other two also in one array, which is cheaper with hundreds of them. */
export function takesParametersInOneArray(statement: SqliteStatementLike): boolean {
  return !('expandedSQL' in statement);
}
