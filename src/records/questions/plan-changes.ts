import type { Plan, PlanKnot } from '../../plan';
import { uniqueParents } from '../../plan/read-plan';
import type { StaleReason } from './partition-states';

/**
 * The differences between two plans of a tapestry that can affect its terminals. Retries, task queues and
 * limits make no difference.
 *
 * @param terminals ids of the knots that the earlier plan's run was asked for
 */
export function planChanges(before: Plan, terminals: readonly string[], now: Plan): StaleReason[] {
  // Knots added by extensions belong to the run, not to its tapestry.
  const own = before.knots.slice(0, before.extended?.knots);
  const ran = needed(before, terminals);
  const earlier = new Map(own.filter(({ id }) => ran.has(id)).map((knot) => [knot.id, knot]));
  const reasons: StaleReason[] = [];
  for (const knot of neededKnots(now)) {
    if (knot.definition === -1) continue;
    const other = earlier.get(knot.id);
    if (!other) {
      reasons.push({ kind: 'config', knotId: knot.id, part: 'new' });
      continue;
    }
    reasons.push(...knotChanges(before, other, now, knot));
  }
  return reasons;
}

/** The differences of one knot between two plans, apart from its code. */
export function knotChanges(before: Plan, other: PlanKnot, now: Plan, knot: PlanKnot): StaleReason[] {
  const reasons: StaleReason[] = [];
  const changed = changedPart(before, other, now, knot);
  if (changed !== undefined) reasons.push({ kind: 'config', knotId: knot.id, part: changed });
  const [a, b] = [codeOfEach(before, other), codeOfEach(now, knot)];
  if (a !== undefined && b !== undefined && a !== b)
    reasons.push({ kind: 'code', knotId: knot.id, before: a, now: b });
  return reasons;
}

export function neededKnots(plan: Plan): PlanKnot[] {
  const terminals = plan.terminals.map(([, knot]) => plan.knots[knot]!.id);
  const ids = needed(plan, terminals);
  return plan.knots.filter(({ id }) => ids.has(id));
}

function needed({ knots }: Plan, terminals: readonly string[]): Set<string> {
  const wanted = new Set(terminals);
  // In the order of a plan, parents come before their children.
  for (let index = knots.length - 1; index >= 0; index--) {
    const knot = knots[index]!;
    if (wanted.has(knot.id)) for (const parent of uniqueParents(knot)) wanted.add(knots[parent]!.id);
  }
  return wanted;
}

function codeOfEach({ definitions }: Plan, { each }: PlanKnot): string | undefined {
  return each === undefined ? undefined : definitions[each]!.codeHash;
}

function changedPart(
  before: Plan,
  a: PlanKnot,
  now: Plan,
  b: PlanKnot,
): NonNullable<StaleReason['part']> | undefined {
  const [aDefinition, bDefinition] = [before.definitions[a.definition], now.definitions[b.definition]];
  if (aDefinition?.name !== bDefinition?.name) return 'definition';
  if (aDefinition?.version !== bDefinition?.version) return 'version';
  if (wiringOf(before, a) !== wiringOf(now, b)) return 'wiring';
  if (constantsOf(a) !== constantsOf(b)) return 'constants';
  return policyOf(a) === policyOf(b) ? undefined : 'policy';
}

function wiringOf({ knots }: Plan, { inputs }: PlanKnot): string {
  const parents = Object.entries(inputs).map(([name, input]) => [
    name,
    'parent' in input ? knots[input.parent]!.id : null,
  ]);
  return JSON.stringify(parents);
}

function constantsOf({ inputs }: PlanKnot): string {
  return JSON.stringify(
    Object.entries(inputs).map(([name, input]) => [name, 'hash' in input ? input.hash : null]),
  );
}

/** The part of a policy that a value may depend on. */
function policyOf({ policy }: PlanKnot): string {
  const { errorPolicy, optional, node, wait, path, map, validate } = policy;
  const { each, bind, onError } = map ?? {};
  return JSON.stringify([errorPolicy, optional, node, wait, path, each, bind, onError, validate]);
}
