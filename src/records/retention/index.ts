export { collectGarbage, type GarbageOptions, type GarbageReport, type ValueTotal } from './garbage';
export { copyRecords, type CopyReport } from './copy-records';
export { findDamaged, setAside, type DamagedValues, type SetAside } from './damaged-values';
export { missingValues, type MissingValues } from './missing-values';
export { prune, type OpenRuns, type PruneOptions, type PruneReport, type PruneSelection } from './prune';
export type { OpenRun } from './running-runs';
export {
  planScrub,
  scrub,
  scrubOf,
  type Referrer,
  type ScrubOptions,
  type ScrubPlan,
  type ScrubSelection,
  type Scrubbed,
  type ScrubbedValue,
} from './scrub';
