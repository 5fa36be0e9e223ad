/**
 * The part of an SQLite connection that Selvage needs. `libsql` (the default), `better-sqlite3` and `DatabaseSync` of `node:sqlite` have
 * it: pass any of them.
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

/** node:sqlite takes parameters individually; the other two also take one array, which is cheaper for hundreds of them. */
export function takesParametersInOneArray(statement: SqliteStatementLike): boolean {
  return !('expandedSQL' in statement);
}
