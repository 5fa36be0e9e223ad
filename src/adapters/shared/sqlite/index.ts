export { SqliteDatabase } from './database';
export {
  openSqliteDatabase,
  type SqliteConnectionOptions,
  type SqliteFileOptions,
  type SqliteOptions,
} from './open';
export type { SqliteDatabaseLike, SqliteStatementLike } from './database-like';
