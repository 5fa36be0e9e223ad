export type { SqliteDatabaseLike, SqliteStatementLike } from './database-like';
export { createSqliteDataStore, SqliteDataStore } from './data-store';
export { SqliteDatabase } from './database';
export { createSqliteEmitterTable, SqliteEmitterTable } from './emitter-table';
export { createSqliteLeaseTable, SqliteLeaseTable } from './lease-table';
export {
  openSqliteDatabase,
  type SqliteConnectionOptions,
  type SqliteFileOptions,
  type SqliteOptions,
} from './open';
export { createSqliteRunHistory, SqliteRunHistory } from './run-history';
export { createSqliteStartLedger, SqliteStartLedger } from './start-ledger';
export { createSqliteTapestryStore, SqliteTapestryStore } from './tapestry-store';
