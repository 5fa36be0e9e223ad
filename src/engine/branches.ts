import type { Layout } from './layout';

/** Of a path of a branch: the branch, by index; undefined of any other knot. */
export function branchOf(
  { policy, policies, parents, parentStart }: Layout,
  knot: number,
): number | undefined {
  return policies[policy[knot]!]!.path === undefined ? undefined : parents[parentStart[knot]!]!;
}

/** The paths of a branch that are in the layout, by index; none of any other knot. */
export function pathsOf(layout: Layout, branch: number): number[] {
  const { policy, policies, childStart, children } = layout;
  if (policies[policy[branch]!]!.node !== 'branch') return [];
  return [...children.subarray(childStart[branch], childStart[branch + 1])].filter(
    (child) => branchOf(layout, child) === branch,
  );
}
