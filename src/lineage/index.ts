export { diffRuns, type DifferenceCause, type KnotDifference, type RunDifference } from './diff-runs';
export { explainCache, type CacheDifference, type CacheExplanation, type CacheReason } from './explain-cache';
export { impact, type AffectedKnot, type Impact, type ImpactOptions } from './impact';
export { inOrder } from './in-order';
export { mapOfElement } from './map-of-element';
export { wiringOf } from './parents-of';
export { readAll } from './read-all';
export { resolveHash } from './resolve-hash';
export { why, type Origin, type OriginInput, type WhyOptions } from './why';
