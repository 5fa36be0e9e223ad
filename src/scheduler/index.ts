export { branchOf, pathsOf, withTheirBranches } from './branches';
export * from './envelope';
export { countFailures, failsWorkflow, requiredParentsFailure, type CountedFailures } from './failures';
export { FIELD_OVERHEAD_BYTES, inlineTerminals, type SizedEnvelope } from './inline-terminals';
export { packRanges, unpackRanges } from './index-ranges';
export { outcomeKinds } from './outcome-codes';
export { sumOf } from './outcome-counts';
export { reopened } from './reopened';
export { packEnds, unpackEnds, wantedOutside, type MemberEnd } from './segment-ends';
export { Scheduler } from './scheduler';
export type { SavedScheduler } from './saved-scheduler';
export {
  isOwnSkip,
  type Command,
  type KnotOutcome,
  type OwnSkipReason,
  type MemberOutcome,
  type OutcomeKind,
  type SchedulerEvent,
  type SchedulerOptions,
  type SkipReason,
} from './protocol';
export { Waits } from './waits';
export type * from './waits';
