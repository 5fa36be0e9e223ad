export {
  DuckDbRunHistory,
  createDuckDbRunHistory,
  type DuckDbFileOptions,
  type DuckDbInstanceOptions,
  type DuckDbRunHistoryOptions,
} from './run-history';
export type { DuckDbConnectionLike, DuckDbInstanceLike, DuckDbValue } from './client';
export type { DuckDbResources } from './load';
export { inspectDuckDbFile } from './inspect';
