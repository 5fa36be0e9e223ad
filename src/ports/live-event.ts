interface OfAttempt {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly tapestry: string;
  /** The knot, or the element of a map. */
  readonly knotId: string;
  /** The attempt of the body, from 1. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The body of a knot is about to be called. */
export interface KnotStarted extends OfAttempt {
  readonly type: 'knot-started';
}

/** A body has reported progress by `ctx.heartbeat`. */
export interface KnotProgress extends OfAttempt {
  readonly type: 'knot-progress';
  readonly details: unknown;
}

/** An event in this process. A live event is not recorded, and lost if nobody listens. */
export type LiveEvent = KnotStarted | KnotProgress;
