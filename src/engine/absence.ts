import type { Plan, PlanKnot } from './plan';
import { uniqueParents } from './read-plan';

const OPTIONAL = 1;
const GATE = 2;
const PATH = 4;

/**
 * Which knots may have no value although nothing has failed that counts, by index in the plan. As the types of knots have it (`OptionalKnot`): those
 * of optional definitions, gates and paths of branches, and what is below them, unless it receives outcomes; a `firstOk` where each of its
 * knots may have none, and for another reason than that paths are not selected: all paths of a branch are taken to be among them.
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
