import type { Sha256 } from '../values';
import { compile, type CompiledPlan } from '../plan';
import type { TapestryRecord } from '../authoring/records';
import { LoadedPlan } from './loaded-plan';

/** A tapestry's plan, as text to store and loaded. */
export interface PlanOfTapestry extends CompiledPlan {
  readonly loaded: LoadedPlan;
}

const plans = new WeakMap<TapestryRecord, PlanOfTapestry>();

/** Makes one plan per tapestry. Reading a tapestry's record closes it. @throws SelvageError any of compiling */
export function planOf(tapestry: TapestryRecord, sha256: Sha256): PlanOfTapestry {
  let plan = plans.get(tapestry);
  if (plan === undefined) {
    const compiled = compile(tapestry, { sha256, hashOf: (nested) => planOf(nested, sha256).hash });
    plan = { ...compiled, loaded: new LoadedPlan(compiled.plan, compiled.hash) };
    plans.set(tapestry, plan);
  }
  return plan;
}

/** A tapestry and all nested ones at any depth, each once. */
export function withNested(tapestry: TapestryRecord): Set<TapestryRecord> {
  const found = new Set([tapestry]);
  // Iterating over a growing set also visits what is added.
  for (const { knots } of found) for (const { nested } of knots.values()) if (nested) found.add(nested);
  return found;
}
