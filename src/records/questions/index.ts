export { cacheDifferenceText, cacheReasonText } from './cache-text';
export { comparePlans } from './compare-plans';
export { diffRuns, getRun, type KnotDifference, type RunDifference } from './diff-runs';
export { differenceSentence } from './difference-sentence';
export { explainCache, type CacheExplanation } from './explain-cache';
export { impact, type ValueImpact, type ImpactOptions } from './impact';
export { inOrder } from './in-order';
export { wiringOf } from './parents-of';
export {
  partitionStates,
  partitionStatus,
  PARTITION_STATES,
  staleReason,
  type PartitionState,
  type PartitionStatus,
  type PartitionRunSummary,
  type StaleReason,
} from './partition-states';
export { readAll } from './read-all';
export { resolveHash } from './resolve-hash';
export { staleReasonText } from './stale-reason-text';
export { statsOf, type Regression, type Stats, type StatsOptions } from './statistics';
export { why, type OriginInput, type ValueOrigin, type WhyOptions } from './why';
