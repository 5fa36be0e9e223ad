import type { Layout } from '../plan/layout';

/** The branch of a path, by index; undefined for any other knot. */
export function branchOf(
  { policy, policies, parents, parentStart }: Layout,
  knot: number,
): number | undefined {
  return policies[policy[knot]!]!.path === undefined ? undefined : parents[parentStart[knot]!]!;
}

/** The branch's paths in the layout, by index; empty for any other knot. */
export function pathsOf(layout: Layout, branch: number): number[] {
  const { policy, policies, childStart, children } = layout;
  if (policies[policy[branch]!]!.node !== 'branch') return [];
  return [...children.subarray(childStart[branch], childStart[branch + 1])].filter(
    (child) => branchOf(layout, child) === branch,
  );
}
