export { branchOf, pathsOf } from './branches';
export { mayHaveNoValue } from './absence';
export { budgetOf, requireLoadable, childRunKnots, type RunBudget } from './budget';
export { compile, problemsOf, type CompiledPlan, type CompileOptions } from './compile';
export * from './envelope';
export {
  extend,
  isExtendedBy,
  requireExtensible,
  resolveDefinitions,
  type RegisteredDefinition,
} from './extension';
export { countFailures, failsWorkflow, requiredParentsFailure, type CountedFailures } from './failures';
export { FIELD_OVERHEAD_BYTES, inlineTerminals, type SizedEnvelope } from './inline-terminals';
export { completeLayout, layoutOf, type Layout, type LayoutPolicy } from './layout';
export { decodeLayout, encodeLayout } from './layout-codec';
export { packRanges, unpackRanges } from './index-ranges';
export * from './limits';
export { nestedPlan, nestedRunId, type NestedPlan } from './nested-plan';
export { isExpanding, isNesting } from './node-kinds';
export { sumOf } from './outcome-counts';
export * from './plan';
export { foregroundQueue, isForegroundQueue, taskQueueOf, taskQueuesOf } from './task-queue';
export { changedCode, nestedPlansOf, wiringHash } from './wiring';
export { joinFragments, readFragment } from './read-fragment';
export { readPlan, uniqueParents } from './read-plan';
export { packEnds, unpackEnds, wantedOutside, type MemberEnd } from './segment';
export {
  Scheduler,
  isOwnSkip,
  type Command,
  type KnotOutcome,
  type OwnSkipReason,
  type MemberOutcome,
  type OutcomeKind,
  type SavedScheduler,
  type SchedulerCounts,
  type SchedulerEvent,
  type SchedulerOptions,
  type SkipReason,
  type StartOfRun,
} from './scheduler';
