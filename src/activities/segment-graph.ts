import { completeLayout, uniqueParents, type Layout, type PlanKnot } from '../plan';
import { unpackRanges } from '../scheduler';
import type { LoadedPlan } from '../runtime';
import type { SegmentTask } from '../workflows/messages';

/** A segment as a layout: outside parents as parameters, then its knots. Terminals are wanted outside the segment. */
export interface SegmentGraph {
  readonly layout: Layout;
  /** The segment's members, by index in its layout. */
  readonly planKnots: readonly PlanKnot[];
  /** The segment's members, by index in the plan. */
  readonly layoutIndex: ReadonlyMap<number, number>;
  /** Index of the first member in the layout, which equals the number of outside parents. */
  readonly firstMember: number;
  /** Knots outside have parents in the segment, or may get such parents by an extension. */
  hasOutsideChildren(): boolean;
}

export function segmentGraph(plan: LoadedPlan, task: SegmentTask): SegmentGraph {
  const members = task.knots.map((id) => plan.indexOf(id));
  const memberSet = new Set(members);
  const outside = new Set<number>();
  for (const member of members) {
    for (const parent of uniqueParents(plan.plan.knots[member]!)) {
      if (!memberSet.has(parent)) outside.add(parent);
    }
  }
  const planIndexes = [...outside, ...members];
  const layoutIndex = new Map(planIndexes.map((knot, index) => [knot, index]));
  const parentStart = new Uint32Array(planIndexes.length + 1);
  const parents: number[] = [];
  planIndexes.forEach((knot, index) => {
    if (index >= outside.size) {
      for (const parent of uniqueParents(plan.plan.knots[knot]!)) parents.push(layoutIndex.get(parent)!);
    }
    parentStart[index + 1] = parents.length;
  });
  return {
    layout: completeLayout({
      ids: planIndexes.map((knot) => plan.parentId(knot)),
      parameterCount: outside.size,
      parentStart,
      parents: Uint32Array.from(parents),
      definition: new Int32Array(planIndexes.length),
      activityTypes: [],
      policy: Uint32Array.from(planIndexes.keys()),
      policies: planIndexes.map((knot) => plan.plan.knots[knot]!.policy),
      summaries: new Map(),
      terminals: Uint32Array.from(unpackRanges(task.wanted), (position) => outside.size + position),
      failOn: 'never',
    }),
    planKnots: planIndexes.map((knot) => plan.plan.knots[knot]!),
    layoutIndex,
    firstMember: outside.size,
    hasOutsideChildren: () =>
      plan.plan.extensible !== undefined ||
      plan.plan.knots.some(
        (knot, index) => !memberSet.has(index) && uniqueParents(knot).some((parent) => memberSet.has(parent)),
      ),
  };
}
