import type { NodeKind } from '../model/records';
import type { LayoutPolicy } from './layout';

/** Nodes that run another tapestry, which their plan names: see `nestedPlan`. */
const NESTING_NODES: ReadonlySet<NodeKind> = new Set(['subTapestry', 'loop']);

/** Nodes that run many bodies, or whole tapestries. */
const EXPANDING_NODES: ReadonlySet<NodeKind> = new Set(['map', ...NESTING_NODES]);

export function isNesting(node: NodeKind | undefined): boolean {
  return node !== undefined && NESTING_NODES.has(node);
}

/** Nodes that a segment can run whole. */
const IN_SEGMENTS: ReadonlySet<NodeKind> = new Set(['map']);

/** Whether the node is more than one activity, where it is not in a segment. */
export function isExpanding({ node }: LayoutPolicy): boolean {
  return node !== undefined && EXPANDING_NODES.has(node);
}

/** Whether a child run does what the knot has to do, whatever the size of the plan. */
export function alwaysInChildRun(policy: LayoutPolicy): boolean {
  return isExpanding(policy) && !(policy.local && IN_SEGMENTS.has(policy.node!));
}
