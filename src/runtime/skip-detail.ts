import type { PlanKnot } from '../plan';
import type { LoadedPlan } from './loaded-plan';
import type { Skipped } from '../authoring/outcome';

/** The detail in the record of a knot that was skipped because of its parents. */
export function skipDetail(
  plan: LoadedPlan,
  knot: PlanKnot,
  which: { anyErr?: boolean; anySkipped?: boolean },
): NonNullable<Skipped['detail']> {
  const parents = new Set<string>();
  for (const name in knot.inputs) {
    const input = knot.inputs[name]!;
    if ('parent' in input) parents.add(plan.parentId(input.parent));
  }
  return { anyErr: which.anyErr ?? false, anySkipped: which.anySkipped ?? false, parents: [...parents] };
}
