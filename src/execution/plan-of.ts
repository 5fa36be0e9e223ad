import type { Sha256 } from '../canonical';
import { compile, type CompiledPlan } from '../engine';
import type { TapestryRecord } from '../model/records';
import { LoadedPlan } from './loaded-plan';

/** A tapestry's plan: as text to be stored, and as the hosts use it. */
export interface PlanOfTapestry extends CompiledPlan {
  readonly loaded: LoadedPlan;
}

const plans = new WeakMap<TapestryRecord, PlanOfTapestry>();

/**
 * The plan of a tapestry, compiled when it is first asked for and kept as long as the tapestry is. Nothing can be added to a
 * tapestry whose record was asked for, so there is but one plan of it.
 *
 * @throws SelvageError any of compiling
 */
export function planOf(tapestry: TapestryRecord, sha256: Sha256): PlanOfTapestry {
  let plan = plans.get(tapestry);
  if (plan === undefined) {
    const compiled = compile(tapestry, { sha256, hashOf: (nested) => planOf(nested, sha256).hash });
    plan = { ...compiled, loaded: new LoadedPlan(compiled.plan, compiled.hash) };
    plans.set(tapestry, plan);
  }
  return plan;
}

/** A tapestry and all that are nested in it, at any depth, each once. */
export function withNested(tapestry: TapestryRecord): Set<TapestryRecord> {
  const found = new Set([tapestry]);
  // Of a set that grows, what is added is visited as well.
  for (const { knots } of found) for (const { nested } of knots.values()) if (nested) found.add(nested);
  return found;
}
