import type { Plan, PlanKnot } from './plan';
import { uniqueParents } from './read-plan';

const OPTIONAL = 1;
const GATE = 2;
const PATH = 4;

/**
 * Whether a knot may have no value although no failure counts, by the knot's index. Mirrors the type `OptionalKnot`:
 * optional definitions, gates, paths of branches, and everything downstream that does not receive outcomes. A `firstOk`
 * may have no value if each alternative may lack one, and one of them for another reason than an unselected path. All
 * paths of a branch are assumed to be among the alternatives.
 */
export function mayHaveNoValue({ knots }: Plan): readonly boolean[] {
  const reasons: number[] = [];
  for (const knot of knots) {
    const above = uniqueParents(knot).map((parent) => reasons[parent]!);
    reasons.push(ownReasons(knot) | reasonsBelow(knot, above));
  }
  return reasons.map((why) => why !== 0);
}

function ownReasons({ policy }: PlanKnot): number {
  return (
    (policy.optional ? OPTIONAL : 0) |
    (policy.node === 'gate' ? GATE : 0) |
    (policy.path !== undefined ? PATH : 0)
  );
}

function reasonsBelow({ policy }: PlanKnot, above: readonly number[]): number {
  const all = above.reduce((sum, why) => sum | why, 0);
  if (policy.node === 'firstOk') return above.includes(0) ? 0 : all & ~PATH;
  return policy.errorPolicy === 'receiveErrors' ? 0 : all;
}
