import { nextParameters, readNestedRun } from './nested-runs';
import type { WorkerEnvironment } from './worker-environment';
import { nestedPlan, type PlanKnot } from '../plan';
import {
  assembleInputs,
  decodeEncoded,
  encodeOutput,
  outcomeOfLoop,
  outcomeOfResult,
  valuesOfNested,
  type KnotOutcomeToRecord,
  type LoadedPlan,
  type KnotParents,
} from '../runtime';
import type { EndedRun, NextIteration } from '../workflows/messages';

/**
 * The outcome of a knot that ran another tapestry or, for a loop that continues, the parameters of its next iteration.
 *
 * @param isOver calls the loop's function
 * @throws SelvageError `SubRunFailed`, `NotABoolean`, `LoopLimit`; `ValueMissing`, `ValueDamaged`, `BackendUnavailable`; whatever the
 * function throws
 */
export async function concludeNested(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  knot: PlanKnot,
  parents: KnotParents,
  ended: EndedRun,
  isOver: (inputs: Record<string, unknown>) => Promise<unknown>,
): Promise<KnotOutcomeToRecord | NextIteration> {
  const { digest } = environment;
  const run = await readNestedRun(environment, knot, ended);
  const values = valuesOfNested(run);
  if (ended.iteration === undefined) return outcomeOfResult(plan, knot, values, parents, digest);
  const given = { ...knot, inputs: nestedPlan(knot)!.parameters };
  const initial = assembleInputs(given, 'values', await parents.read(given, 'values'));
  // Encoded before the function gets it, which may change its copy.
  const state = encodeOutput({ ...initial, ...values }, digest);
  const answer = await isOver({ state: decodeEncoded(state.encoded!) });
  const end = outcomeOfLoop(knot, answer, state, ended.iteration);
  return end ?? { next: nextParameters(environment, run) };
}
