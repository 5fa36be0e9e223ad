export { createPostgresDataStore, PostgresDataStore } from './data-store';
export { PostgresDatabase } from './database';
export { createPostgresEmitterTable, PostgresEmitterTable } from './emitter-table';
export { createPostgresLeaseTable, PostgresLeaseTable } from './lease-table';
export {
  openPostgresDatabase,
  type PostgresOptions,
  type PostgresPoolOptions,
  type PostgresUrlOptions,
} from './open';
export type { PostgresClientLike, PostgresPoolLike, PostgresQuery, PostgresResult } from './pool-like';
export { createPostgresRunHistory, PostgresRunHistory } from './run-history';
export { createPostgresStartLedger, PostgresStartLedger } from './start-ledger';
export { createPostgresTapestryStore, PostgresTapestryStore } from './tapestry-store';
