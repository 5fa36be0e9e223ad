import type { Plan, PlanKnot } from '../../plan';
import { uniqueParents } from '../../plan/read-plan';
import type { StaleReason } from './partition-states';
import { knotChanges } from './plan-changes';

/** How the knots of one plan differ from those of another, by id, in plan order. */
interface PlanComparison {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly { readonly knotId: string; readonly reasons: readonly StaleReason[] }[];
  /** Knots that are unchanged themselves, but downstream of a new or changed knot. */
  readonly below: readonly string[];
  /** Knots that are unchanged, with everything upstream. */
  readonly same: readonly string[];
  /** The subset of `same` whose values a run reuses if its parameters are equal. */
  readonly reusable: readonly string[];
}

/** Compares all knots of two plans, whether a terminal needs them or not. */
export function comparePlans(before: Plan, now: Plan): PlanComparison {
  const earlier = new Map(before.knots.map((knot) => [knot.id, knot]));
  const known = new Set(now.knots.map(({ id }) => id));
  const added: string[] = [];
  const changed: { knotId: string; reasons: StaleReason[] }[] = [];
  const below: string[] = [];
  const same: string[] = [];
  const reusable: string[] = [];
  const isOther: boolean[] = [];
  now.knots.forEach((knot, index) => {
    const other = earlier.get(knot.id);
    const reasons = other ? reasonsFor(before, other, now, knot) : [];
    // Knots are compared in an order in which parents come before their children.
    const isBelow = uniqueParents(knot).some((parent) => isOther[parent]);
    isOther[index] = !other || reasons.length > 0 || isBelow;
    if (!other) added.push(knot.id);
    else if (reasons.length > 0) changed.push({ knotId: knot.id, reasons });
    else if (isBelow) below.push(knot.id);
    else {
      same.push(knot.id);
      if (knot.policy.cache ?? knot.policy.map?.cache) reusable.push(knot.id);
    }
  });
  return {
    added,
    removed: before.knots.flatMap(({ id }) => (known.has(id) ? [] : [id])),
    changed,
    below,
    same,
    reusable,
  };
}

function reasonsFor(before: Plan, other: PlanKnot, now: Plan, knot: PlanKnot): StaleReason[] {
  const [a, b] = [before.definitions[other.definition], now.definitions[knot.definition]];
  const [code, codeNow] = [a?.codeHash, b?.codeHash];
  const isOtherCode = code !== undefined && codeNow !== undefined && code !== codeNow;
  return [
    ...(isOtherCode ? [{ kind: 'code' as const, knotId: knot.id, before: code, now: codeNow }] : []),
    ...knotChanges(before, other, now, knot),
  ];
}
