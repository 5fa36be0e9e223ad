import type { NodeKind } from '../authoring/records';
import type { LayoutPolicy } from './layout';

/** Nodes that run another tapestry: see `nestedPlan`. */
const NESTING_NODES: ReadonlySet<NodeKind> = new Set(['subTapestry', 'loop']);

const EXPANDING_NODES: ReadonlySet<NodeKind> = new Set(['map', ...NESTING_NODES]);

export function isNesting(node: NodeKind | undefined): boolean {
  return node !== undefined && NESTING_NODES.has(node);
}

const IN_SEGMENTS: ReadonlySet<NodeKind> = new Set(['map']);

/** Whether the node takes more than one activity outside of segments. */
export function isExpanding({ node }: LayoutPolicy): boolean {
  return node !== undefined && EXPANDING_NODES.has(node);
}

/** Whether the node runs as a child run whatever the size of the plan. */
export function alwaysInChildRun(policy: LayoutPolicy): boolean {
  return isExpanding(policy) && !(policy.local && IN_SEGMENTS.has(policy.node!));
}
