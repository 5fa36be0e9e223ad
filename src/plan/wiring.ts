import { canonicalJson, hashText, type Json, type Sha256 } from '../values';
import { nestedPlan, wiredNested } from './nested-plan';
import type { Plan, PlanDefinition, PlanKnot } from './plan';

/**
 * Content hash of knots, edges, constants, versions and policies, without code of bodies and partitions. Plans of one
 * wiring are the same work: a worker with the code of one may continue runs of the other. `wiringOf` gives the wiring
 * hash of a nested tapestry by its plan hash.
 */
export function wiringHash(plan: Plan, wiringOf: (planHash: string) => string, sha256: Sha256): string {
  const { definitions, knots, queue: _queue, partition: _partition, ...others } = plan;
  const named = (index: number | undefined): Json => {
    const definition = index === undefined ? undefined : definitions[index];
    return definition ? identityOf(definition) : null;
  };
  const wiring = {
    ...others,
    knots: knots.map(({ configHash: _hash, summary: _summary, data: _data, definition, each, ...knot }) => ({
      ...knot,
      inputs: wiredNested(knot.inputs, wiringOf),
      definition: named(definition),
      each: named(each),
    })),
  };
  return hashText(canonicalJson(wiring as unknown as Json), sha256);
}

/** Names bodies whose code differs between plans: by definition or, for functions in place, by the knot's id. */
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

/** Plan hashes of nested tapestries, by the index of the knot that runs them. */
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
