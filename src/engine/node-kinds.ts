import type { NodeKind } from '../model/records';
import type { LayoutPolicy } from './layout';

/** Nodes that pass on the value of a parent, and do nothing else. */
export const PASSING_NODES: ReadonlySet<NodeKind> = new Set(['gate', 'branch', 'firstOk']);

/** Nodes that run many bodies, or whole tapestries. */
const EXPANDING_NODES: ReadonlySet<NodeKind> = new Set([]);

/** Whether a child run does what the knot has to do, whatever the size of the plan. */
export function alwaysInChildRun({ node }: LayoutPolicy): boolean {
  return node !== undefined && EXPANDING_NODES.has(node);
}
