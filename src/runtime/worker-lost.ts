import type { PlanKnot } from '../plan';
import { SelvageError } from '../errors';

/** Why a knot is not run again whose body probably kills what runs it. */
export function workerLost(knot: PlanKnot, lost: number): SelvageError {
  return new SelvageError(
    'WorkerLost',
    `${lost} workers were lost while they ran knot "${knot.id}": its body probably kills them (process.exit, out of memory, a crash in ` +
      'native code, or an event loop blocked for over 30 s). It was not run again.',
    { details: { knot: knot.id, lost } },
  );
}
