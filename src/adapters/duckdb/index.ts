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
export {
  AnalyticalHistory,
  openAnalyticalHistory,
  type AnalyticalOptions,
  type AnalyticalSource,
} from './analytical';
export { exportHistory, type ExportOptions, type ExportedHistory } from './parquet';
export type { RunSelection } from './fill';
