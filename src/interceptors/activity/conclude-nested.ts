import { nextParameters, readNestedRun } from '../../activities/nested-runs';
import type { WorkerEnvironment } from '../../activities/worker-environment';
import { nestedPlan, type PlanKnot } from '../../engine';
import {
  assembleInputs,
  decodeEncoded,
  encodeOutput,
  outcomeOfLoop,
  outcomeOfResult,
  valuesOfNested,
  type KnotOutcomeToRecord,
  type LoadedPlan,
} from '../../execution';
import type { EndedRun, NextIteration } from '../../workflows/messages';
import type { Parents } from './parents';

/**
 * What a knot that has run another tapestry comes to or, of a loop that goes on, the parameters of its next iteration.
 *
 * @param isOver calls the function of a loop
 * @throws SelvageError `SubRunFailed`, `NotABoolean`, `LoopLimit`; `ValueMissing`, `ValueDamaged`, `BackendUnavailable`; what the function throws
 */
export async function concludeNested(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  knot: PlanKnot,
  parents: Parents,
  ended: EndedRun,
  isOver: (inputs: Record<string, unknown>) => Promise<unknown>,
): Promise<KnotOutcomeToRecord | NextIteration> {
  const { digest } = environment;
  const run = await readNestedRun(environment, knot, ended);
  const values = valuesOfNested(run);
  if (ended.iteration === undefined) return outcomeOfResult(plan, knot, values, parents, digest);
  const given = { ...knot, inputs: nestedPlan(knot)!.parameters };
  const initial = assembleInputs(given, 'values', await parents.read(given, 'values'));
  // Before the function gets it, which may change its copy.
  const state = encodeOutput({ ...initial, ...values }, digest);
  const answer = await isOver({ state: decodeEncoded(state.encoded!) });
  const end = outcomeOfLoop(knot, answer, state, ended.iteration);
  return end ?? { next: nextParameters(environment, run) };
}
