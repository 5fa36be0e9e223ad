export { SqliteDatabase } from './database';
export { inspectSqliteFile, type SqliteFileState } from './inspect';
export {
  loadLibsql,
  openSqliteDatabase,
  type SqliteConnectionOptions,
  type SqliteFileOptions,
  type SqliteOptions,
} from './open';
export {
  bytesOfBlob,
  type SqliteBlob,
  type SqliteDatabaseLike,
  type SqliteStatementLike,
} from './database-like';
export { selvageErrorOf } from './errors';
