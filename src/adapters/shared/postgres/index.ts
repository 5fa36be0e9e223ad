export { parsePostgresUrl } from './address';
export { PostgresDatabase } from './database';
export {
  inspectPostgres,
  migratePostgres,
  postgresMigrationState,
  postgresMigrationSql,
  type PostgresState,
} from './inspect';
export {
  openPostgresDatabase,
  type PostgresOptions,
  type PostgresPoolOptions,
  type PostgresUrlOptions,
} from './open';
export type { PostgresClientLike, PostgresPoolLike, PostgresQuery, PostgresResult } from './pool-like';
