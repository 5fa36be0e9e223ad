import type { PlanKnot } from '../plan';
import { SelvageError } from '../errors';

/** @param last how the knot's body host was lost the last time; undefined if the worker was lost */
export function workerLost(knot: PlanKnot, lost: number, last: string | undefined): SelvageError {
  if (last !== undefined)
    return new SelvageError(
      'WorkerLost',
      `The body host of knot "${knot.id}" was lost ${lost} times: the body probably kills it (an exit of the process, out of memory, a crash in native code). ` +
        `It was not run again. The last time: ${last}`,
      { details: { knot: knot.id, lost } },
    );
  return new SelvageError(
    'WorkerLost',
    `${lost} workers were lost while they ran knot "${knot.id}": its body probably kills them (process.exit, out of memory, a crash in ` +
      'native code, or an event loop blocked for over 30 s). It was not run again.',
    { details: { knot: knot.id, lost } },
  );
}

export function listLost(map: PlanKnot, lost: number): SelvageError {
  return new SelvageError(
    'WorkerLost',
    `${lost} workers were lost while they put the list of map "${map.id}" together: it is too large for their memory, or they are ended before it is ` +
      'done. It was not tried again. The records of its elements are there.',
    { details: { knot: map.id, lost } },
  );
}
