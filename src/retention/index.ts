export {
  DEFAULT_GRACE_MS,
  LEAST_GRACE_MS,
  collectGarbage,
  type GarbageOptions,
  type GarbageReport,
  type ValueTotal,
} from './garbage';
export { prune, type OpenRuns, type PrunedTapestry, type PruneOptions, type PruneReport } from './prune';
export type { OpenRun } from './running-runs';
export {
  planScrub,
  scrub,
  scrubOf,
  type Referrer,
  type ScrubNote,
  type ScrubOptions,
  type ScrubPlan,
  type ScrubSelection,
  type Scrubbed,
  type ScrubbedValue,
} from './scrub';
