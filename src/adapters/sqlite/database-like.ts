/** The part of a connection that Selvage needs, common to `libsql` (default), `better-sqlite3` and `node:sqlite`. */
export interface SqliteDatabaseLike {
  prepare(sql: string): SqliteStatementLike;
  exec(sql: string): unknown;
  close(): unknown;
}

export interface SqliteStatementLike {
  // The type is `any`, because the three libraries type their parameters differently.
  all(...parameters: any[]): unknown[];
  run(...parameters: any[]): { changes: number | bigint; lastInsertRowid: number | bigint };
}

/** node:sqlite takes parameters individually only; elsewhere, one array is cheaper for hundreds of parameters. */
export function takesParametersInOneArray(statement: SqliteStatementLike): boolean {
  return !('expandedSQL' in statement);
}
