export { SqliteDatabase } from './database';
export { inspectSqliteFile, type SqliteFileState } from './inspect';
export {
  openSqliteDatabase,
  type SqliteConnectionOptions,
  type SqliteFileOptions,
  type SqliteOptions,
} from './open';
export type { SqliteDatabaseLike, SqliteStatementLike } from './database-like';
