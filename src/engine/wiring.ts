import { canonicalJson, hashText, type Json, type Sha256 } from '../canonical';
import { nestedPlan, wiredNested } from './nested-plan';
import type { Plan, PlanDefinition, PlanKnot } from './plan';

/**
 * Content hash of what a plan wires: knots, edges, constants, versions and policies, and not the code of the bodies. Two plans of one wiring
 * hash are the same work: a run of one may be continued by a worker that has the code of the other.
 *
 * @param wiringOf the wiring hash of a nested tapestry, by the hash of its plan
 */
export function wiringHash(plan: Plan, wiringOf: (planHash: string) => string, sha256: Sha256): string {
  const { definitions, knots, queue: _, ...others } = plan;
  const named = (index: number | undefined): Json => {
    const definition = index === undefined ? undefined : definitions[index];
    return definition ? identityOf(definition) : null;
  };
  const wiring = {
    ...others,
    knots: knots.map(({ configHash: _hash, summary: _summary, definition, each, ...knot }) => ({
      ...knot,
      inputs: wiredNested(knot.inputs, wiringOf),
      definition: named(definition),
      each: named(each),
    })),
  };
  return hashText(canonicalJson(wiring as unknown as Json), sha256);
}

/**
 * Names the bodies whose code differs between two plans of one wiring, each once: the name of a definition, or the id of the knot whose body
 * was written in place.
 */
export function changedCode(before: Plan, now: Plan): string[] {
  const changed = new Set<string>();
  const compare = (knot: PlanKnot, a: PlanDefinition | undefined, b: PlanDefinition | undefined): void => {
    if (a && b && a.codeHash !== b.codeHash) changed.add(b.inline ? knot.id : b.name);
  };
  now.knots.forEach((knot, index) => {
    const other = before.knots[index]!;
    compare(knot, before.definitions[other.definition], now.definitions[knot.definition]);
    compare(knot, before.definitions[other.each ?? -1], now.definitions[knot.each ?? -1]);
  });
  return [...changed];
}

/** Hashes of the plans that knots of a plan run as runs of their own, by the index of the knot. */
export function nestedPlansOf({ knots }: Plan): ReadonlyMap<number, string> {
  return new Map(
    knots.flatMap((knot, index) => {
      const nested = nestedPlan(knot);
      return nested ? [[index, nested.plan] as const] : [];
    }),
  );
}

function identityOf({ name, version, inline }: PlanDefinition): Json {
  return { name, version: version ?? null, inline: inline ?? false };
}
