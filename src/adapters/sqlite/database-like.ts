/** The part of a connection that Selvage needs; `libsql` (the default), `better-sqlite3` and `node:sqlite` have it. */
export interface SqliteDatabaseLike {
  prepare(sql: string): SqliteStatementLike;
  exec(sql: string): unknown;
  close(): unknown;
}

export interface SqliteStatementLike {
  // `any`: the three libraries type their parameters differently.
  all(...parameters: any[]): unknown[];
  run(...parameters: any[]): { changes: number | bigint; lastInsertRowid: number | bigint };
}

/** node:sqlite takes parameters individually only; for the others, one array is cheaper for hundreds of them. */
export function takesParametersInOneArray(statement: SqliteStatementLike): boolean {
  return !('expandedSQL' in statement);
}
