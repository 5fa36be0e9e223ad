import type { NodeKind } from '../authoring/records';
import type { LayoutPolicy } from './layout';

/** Nodes that run another tapestry, whose plan theirs names: see `nestedPlan`. */
const NESTING_NODES: ReadonlySet<NodeKind> = new Set(['subTapestry', 'loop']);

/** Nodes that run many bodies, or whole tapestries. */
const EXPANDING_NODES: ReadonlySet<NodeKind> = new Set(['map', ...NESTING_NODES]);

export function isNesting(node: NodeKind | undefined): boolean {
  return node !== undefined && NESTING_NODES.has(node);
}

/** Nodes that can run entirely inside a segment. */
const IN_SEGMENTS: ReadonlySet<NodeKind> = new Set(['map']);

/** Whether the node takes more than one activity outside of segments. */
export function isExpanding({ node }: LayoutPolicy): boolean {
  return node !== undefined && EXPANDING_NODES.has(node);
}

/** Whether the knot always runs as a child run, whatever the size of the plan. */
export function alwaysInChildRun(policy: LayoutPolicy): boolean {
  return isExpanding(policy) && !(policy.local && IN_SEGMENTS.has(policy.node!));
}
