/** A worker that is alive, as it has told the server. */
export interface WorkerState {
  readonly identity: string;
  readonly taskQueue: string;
  /** Name of the machine; null if the worker has not said it. */
  readonly machine: string | null;
  readonly processId: string | null;
  /** Version of Selvage; null if it is no worker of Selvage, or one that did not say it yet. */
  readonly selvage: string | null;
  /** Name and version of the SDK, such as `temporal-typescript 1.24.0`. */
  readonly sdk: string;
  /** When it began, in milliseconds since the epoch. */
  readonly since: number;
  /** The body hosts that its tapestries name, and that it has opened. */
  readonly bodyHosts: readonly string[];
  /**
   * The bodies that it has: definitions as `name` or `name@version`, functions in place as `tapestry#knot#node`. Null if it did not tell, as
   * workers with very many do not.
   */
  readonly bodies: readonly string[] | null;
  /**
   * The identity of its run history. Null if it did not tell, as a worker of the plain SDK that opens its backends by itself, or one that could not
   * reach it when it was made.
   */
  readonly runHistory: string | null;
  /** Activities (knots, segments of `local()` knots, and Selvage's own) that ran when it last reported; null if the server does not tell. */
  readonly running: number | null;
  /** When it last reported; null if the server does not tell. */
  readonly reportedAt: number | null;
}
