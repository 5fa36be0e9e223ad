import type { Layout } from '../plan/layout';

/** The branch of a path; undefined for knots that are not paths. */
export function branchOf(
  { policy, policies, parents, parentStart }: Layout,
  knot: number,
): number | undefined {
  return policies[policy[knot]!]!.path === undefined ? undefined : parents[parentStart[knot]!]!;
}

/** The paths of a branch; empty for knots that are not branches. */
export function pathsOf(layout: Layout, branch: number): number[] {
  const { policy, policies, childStart, children } = layout;
  if (policies[policy[branch]!]!.node !== 'branch') return [];
  return [...children.subarray(childStart[branch], childStart[branch + 1])].filter(
    (child) => branchOf(layout, child) === branch,
  );
}

/** These knots, and those that run again with them: the branch of a path, and all paths of a branch. */
export function withTheirBranches(layout: Layout, knots: readonly number[]): Set<number> {
  return new Set(
    knots.flatMap((knot) => {
      const branch = branchOf(layout, knot) ?? knot;
      return [knot, branch, ...pathsOf(layout, branch)];
    }),
  );
}
