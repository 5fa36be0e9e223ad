import type { GraphKnot, GraphKnotKind, RunGraph } from '../authoring/run-graph';
import type { Plan, PlanKnot } from './plan';

/** Without state. A graph with one edge per input, as wired, gates and branches included. */
export function graphOfPlan(plan: Plan, planHash: string): RunGraph {
  const terminals = new Map<number, string[]>();
  for (const [name, knot] of plan.terminals) terminals.set(knot, [...(terminals.get(knot) ?? []), name]);
  return {
    tapestry: plan.tapestry,
    planHash,
    knots: plan.knots.map((knot, index) => graphKnot(plan, knot, terminals.get(index))),
  };
}

function graphKnot(plan: Plan, knot: PlanKnot, terminals: readonly string[] | undefined): GraphKnot {
  const { policy } = knot;
  const definition = knot.definition < 0 ? undefined : plan.definitions[knot.definition]!;
  const each = knot.each === undefined ? undefined : plan.definitions[knot.each]!;
  const signal = policy.wait?.signal;
  const { maximumAttempts = 1 } = policy.retry ?? {};
  // Unlimited attempts are the largest integer.
  const isTriedAgain = maximumAttempts > 1 && maximumAttempts < Number.MAX_SAFE_INTEGER && !policy.map;
  return {
    id: knot.id,
    kind: kindOf(knot),
    ...(definition && { definition: definition.name, codeHash: definition.codeHash }),
    ...(definition?.version !== undefined && { version: definition.version }),
    configHash: knot.configHash,
    inputs: Object.entries(knot.inputs).map(([name, input]) =>
      'parent' in input ? { name, from: input.parent } : { name, constant: input.hash },
    ),
    ...(terminals && { terminals }),
    ...(each && { each: each.name }),
    ...(knot.summary !== undefined && { summary: knot.summary }),
    ...(signal !== undefined && { signal }),
    ...(policy.optional && { optional: true }),
    ...((policy.cache ?? policy.map?.cache) && { cached: true }),
    ...(policy.local && { local: true }),
    ...(policy.taskQueue !== undefined && { taskQueue: policy.taskQueue }),
    ...(isTriedAgain && { maximumAttempts }),
  };
}

function kindOf({ definition, policy }: PlanKnot): GraphKnotKind {
  if (definition < 0) return 'parameter';
  if (policy.path !== undefined) return 'path';
  return policy.node ?? 'knot';
}
