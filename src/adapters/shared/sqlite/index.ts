export { SqliteDatabase } from './database';
export { inspectSqliteFile, sqliteMigrationState, sqliteMigrationSql, type SqliteFileState } from './inspect';
export {
  loadLibsql,
  openSqliteDatabase,
  type SqliteConnectionOptions,
  type SqliteFileOptions,
  type SqliteOptions,
} from './open';
export { bytesOfBlob, type SqlBlob as SqliteBlob } from '../sql/blob';
export type { SqliteDatabaseLike, SqliteStatementLike } from './database-like';
export { selvageErrorOf } from './errors';
