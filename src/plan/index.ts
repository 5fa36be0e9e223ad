export { mayHaveNoValue } from './absence';
export { budgetOf, requireLoadable, childRunKnots, type RunBudget } from './budget';
export type { PlanField } from './fields';
export { columnOrigins, columnsOf, type ColumnOrigins } from './column-lineage';
export { compile, problemsOf, type CompiledPlan } from './compile';
export {
  extend,
  isExtendedBy,
  requireExtensible,
  resolveDefinitions,
  type RegisteredDefinition,
} from './extension';
export { chosenTerminals, completeLayout, layoutOf, type Layout, type LayoutPolicy } from './layout';
export { decodeLayout, encodeLayout } from './layout-codec';
export * from './limits';
export { nestedPlan, nestedRunId } from './nested-plan';
export { isExpanding, isNesting } from './node-kinds';
export * from './plan';
export { foregroundQueue, isForegroundQueue, taskQueueOf, taskQueuesOf } from './task-queue';
export { changedCode, nestedPlansOf, wiringHash } from './wiring';
export { joinFragments, readFragment } from './read-fragment';
export { readPlan, uniqueParents } from './read-plan';
export { graphOfPlan } from './run-graph';
