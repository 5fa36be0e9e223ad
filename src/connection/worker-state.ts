import { z } from 'zod';

/** A live worker, by its report to the server. */
export const workerState = z.object({
  identity: z.string(),
  taskQueue: z.string(),
  /** Null if unknown. */
  machine: z.string().nullable(),
  processId: z.string().nullable(),
  /** Version of Selvage; null for other workers, and until it is reported. */
  selvage: z.string().nullable(),
  /** Name and version of the SDK, such as `temporal-typescript 1.24.0`. */
  sdk: z.string(),
  /** The worker's start, in milliseconds since the epoch. */
  since: z.number(),
  /** Opened body hosts of the worker's tapestries. */
  bodyHosts: z.array(z.string()).readonly(),
  /** The worker's bodies: `name`, `name@version` or, in place, `tapestry#knot#node`; null if unknown or very many. */
  bodies: z.array(z.string()).readonly().nullable(),
  /** The identity of the worker's run history; null if unknown, as for a history that was unreachable at its start. */
  runHistory: z.string().nullable(),
  /** Activities (knots, segments, Selvage's own) at the last report; null if the server does not tell. */
  running: z.int().nullable(),
  /** Time of the last report; null if the server does not tell. */
  reportedAt: z.number().nullable(),
});
export type WorkerState = Readonly<z.output<typeof workerState>>;
