import { DEFAULT_CANCEL_GRACE_MS, type PlanKnot } from '../engine';
import { callBody, superviseBody } from '../execution';
import { tell, type KnotEvent } from '../interceptors/activity/observe';
import type { DefinitionRecord } from '../model/records';
import type { TaskAttempt } from './knot-attempt';
import { SegmentContext, type SegmentSurroundings } from './segment-context';
import type { WorkerEnvironment } from './worker-environment';

/** Where bodies are called that have no activity of their own. */
export interface CallPlace {
  readonly environment: WorkerEnvironment;
  readonly surroundings: SegmentSurroundings;
  /** Aborts the bodies. */
  readonly stop: AbortSignal;
  /** The activity that they are called in. */
  readonly attempt: TaskAttempt;
}

type Inputs = Record<string, unknown>;

/**
 * Calls a body once, under its timeout, and tells the observers.
 *
 * @param inputs fresh copies; what they cannot be made of is told as a failure of the body
 */
export function observedCall(
  place: CallPlace,
  knot: PlanKnot,
  definition: DefinitionRecord,
  number: number,
  inputs: Inputs | (() => Promise<Inputs>),
): Promise<unknown> {
  const call =
    typeof inputs === 'function'
      ? async (): Promise<unknown> => callOnce(place, knot, definition, number, await inputs())
      : (): Promise<unknown> => callOnce(place, knot, definition, number, inputs);
  return place.environment.observers.length === 0 ? call() : observed(call, place, knot, definition, number);
}

async function observed(
  call: () => Promise<unknown>,
  place: CallPlace,
  knot: PlanKnot,
  definition: DefinitionRecord,
  number: number,
): Promise<unknown> {
  const { observers } = place.environment;
  const { context } = place.attempt;
  const event: KnotEvent = {
    runId: place.surroundings.runId,
    temporalRunId: place.surroundings.recordRun,
    knotId: knot.id,
    knotClass: definition.name,
    attempt: number,
  };
  const since = performance.now();
  tell(observers, context, (observer) => observer.knotStarted?.(event));
  try {
    const result = await call();
    const end = { ...event, outcome: 'ok' as const, duration: Math.round(performance.now() - since) };
    tell(observers, context, (observer) => observer.knotEnded?.(end));
    return result;
  } catch (error) {
    const outcome = place.attempt.cancelReason === 'cancelled' ? ('cancelled' as const) : ('failed' as const);
    const end = { ...event, outcome, error, duration: Math.round(performance.now() - since) };
    tell(observers, context, (observer) => observer.knotEnded?.(end));
    throw error;
  }
}

function callOnce(
  { surroundings, stop }: CallPlace,
  knot: PlanKnot,
  definition: DefinitionRecord,
  number: number,
  inputs: Inputs,
): Promise<unknown> {
  const { timeout, cancelGrace = DEFAULT_CANCEL_GRACE_MS } = knot.policy;
  const call = (signal: AbortSignal): Promise<unknown> =>
    callBody(definition, knot.policy, inputs, new SegmentContext(surroundings, knot, number, signal));
  // Without a timeout nothing has to be watched: a cancel aborts the one signal, and its grace is that of all.
  if (timeout === undefined) return call(stop);
  return superviseBody(call, { knotId: knot.id, cancel: stop, cancelGrace, timeout });
}
