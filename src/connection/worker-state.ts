import { z } from 'zod';

/** A worker that is alive, as it has told the server. */
export const workerState = z.object({
  identity: z.string(),
  taskQueue: z.string(),
  /** Name of the machine; null if the worker has not said it. */
  machine: z.string().nullable(),
  processId: z.string().nullable(),
  /** Version of Selvage; null if it is no worker of Selvage, or one that did not say it yet. */
  selvage: z.string().nullable(),
  /** Name and version of the SDK, such as `temporal-typescript 1.24.0`. */
  sdk: z.string(),
  /** When it began, in milliseconds since the epoch. */
  since: z.number(),
  /** The body hosts that its tapestries name, and that it has opened. */
  bodyHosts: z.array(z.string()).readonly(),
  /**
   * The bodies that it has: definitions as `name` or `name@version`, functions in place as `tapestry#knot#node`. Null if it did not tell, as
   * workers with very many do not.
   */
  bodies: z.array(z.string()).readonly().nullable(),
  /**
   * The identity of its run history. Null if it did not tell, as a worker of the plain SDK that opens its backends by itself, or one that could not
   * reach it when it was made.
   */
  runHistory: z.string().nullable(),
  /** Activities (knots, segments of `local()` knots, and Selvage's own) that ran when it last reported; null if the server does not tell. */
  running: z.int().nullable(),
  /** When it last reported; null if the server does not tell. */
  reportedAt: z.number().nullable(),
});
export type WorkerState = Readonly<z.output<typeof workerState>>;
