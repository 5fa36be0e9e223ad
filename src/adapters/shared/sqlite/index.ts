export {
  SqliteDatabase,
  type SqliteConnectionOptions,
  type SqliteFileOptions,
  type SqliteOptions,
} from './database';
export type { SqliteDatabaseLike, SqliteStatementLike } from './database-like';
