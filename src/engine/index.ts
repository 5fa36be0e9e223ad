export { compile, type CompiledPlan, type CompileOptions } from './compile';
export * from './envelope';
export { layoutOf, type Layout, type LayoutPolicy } from './layout';
export { decodeLayout, encodeLayout } from './layout-codec';
export * from './plan';
export { readPlan, uniqueParents } from './read-plan';
export {
  Scheduler,
  type Command,
  type KnotOutcome,
  type OutcomeKind,
  type SavedScheduler,
  type SchedulerCounts,
  type SchedulerEvent,
  type SchedulerOptions,
  type SkipReason,
} from './scheduler';
