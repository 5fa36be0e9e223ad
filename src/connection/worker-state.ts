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
  /** Its start, in milliseconds since the epoch. */
  since: z.number(),
  /** Opened body hosts of its tapestries. */
  bodyHosts: z.array(z.string()).readonly(),
  /**
   * Its bodies: definitions as `name` or `name@version`, functions in place as `tapestry#knot#node`. Null if
   * unknown, as for workers with very many.
   */
  bodies: z.array(z.string()).readonly().nullable(),
  /**
   * Identity of its run history. Null if unknown, as for workers of the plain SDK that open their own
   * backends, and for those that could not reach it at their start.
   */
  runHistory: z.string().nullable(),
  /**
   * Running activities at the last report: knots, segments, Selvage's own. Null if the server does not tell.
   */
  running: z.int().nullable(),
  /** Time of the last report; null if the server does not tell. */
  reportedAt: z.number().nullable(),
});
export type WorkerState = Readonly<z.output<typeof workerState>>;
