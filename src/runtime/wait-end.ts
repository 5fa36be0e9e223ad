import type { PlanKnot } from '../plan';
import { SelvageError } from '../errors';
import { durationOf, timeOf } from '../authoring';

/**
 * Milliseconds since the epoch; undefined if no time ends the wait. An invalid time ends the wait, and the knot's
 * function reports it.
 */
export function waitEnd(
  { policy }: PlanKnot,
  inputs: Readonly<Record<string, unknown>>,
  now: number,
): number | undefined {
  const { timeout, ms, until } = policy.wait!;
  if (policy.node === 'sleep') return now + (ms ?? durationOf(inputs['ms']) ?? 0);
  if (policy.node === 'waitUntil') return until ?? timeOf(inputs['time']) ?? now;
  return timeout === undefined ? undefined : now + timeout;
}

export function signalTimeout({ id, policy }: PlanKnot): SelvageError {
  const { signal, timeout } = policy.wait!;
  return new SelvageError(
    'SignalTimeout',
    `Knot "${id}" waited ${timeout} ms for the signal "${signal}", which did not come. Wire firstOk() or a knot that receives outcomes ` +
      'below it for what is to happen then.',
    { details: { knot: id, signal, timeout } },
  );
}
