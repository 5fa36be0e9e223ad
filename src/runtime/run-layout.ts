import type { Layout, Plan, PlanKnot } from '../plan';

/** A layout may omit knots of the plan but keeps their order. */
export interface RunLayout {
  readonly layout: Layout;
  readonly planKnots: readonly PlanKnot[];
  /** Indexes in the layout, by index in the plan; -1 if the knot is not in the layout. */
  readonly layoutIndex: Int32Array;
}

export function alignLayout(layout: Layout, plan: Plan): RunLayout {
  const planKnots: PlanKnot[] = [];
  const layoutIndex = new Int32Array(plan.knots.length).fill(-1);
  plan.knots.forEach((knot, index) => {
    if (knot.id !== layout.ids[planKnots.length]) return;
    layoutIndex[index] = planKnots.length;
    planKnots.push(knot);
  });
  return { layout, planKnots, layoutIndex };
}
