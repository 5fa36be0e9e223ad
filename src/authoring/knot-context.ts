import type { StoredBytes } from '../values';
import type { Fragment } from './fragment';

/** Takes a message with fields, or (as pino does) fields with a message. */
export interface LogMethod {
  (message: string, fields?: object): void;
  (fields: object, message?: string): void;
}

/** The logger of a body, `ctx.logger`. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

/** Where log lines go: a pino logger, or anything that takes fields and then the message. */
export interface LoggerLike {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Type of `ctx.resources` everywhere. Users extend it: `declare module 'selvage' { interface Resources { db: Pool } }`.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Resources {}

/** The second argument of a body: the run that it works for, and what it can do there. */
export interface KnotContext {
  /** The run's id: the Temporal workflow id, or the id of an in-process run. */
  readonly runId: string;
  readonly knotId: string;
  /** Starts at 1 and grows with every attempt, including those lost to a dead worker or an unreachable backend. */
  readonly attempt: number;
  /** The same for all attempts of this knot in this run. Pass it to outside systems that deduplicate by key. */
  readonly idempotencyKey: string;
  /**
   * The span that the body works in, as the header of W3C Trace Context, for calls that nothing instruments. Undefined
   * in a worker without an OpenTelemetry SDK.
   */
  readonly traceparent?: string | undefined;
  /**
   * Aborted when the run is cancelled, the knot's `timeout` passes or the worker shuts down. The result of a body that
   * ends within its `cancelGrace` still counts.
   */
  readonly signal: AbortSignal;
  /**
   * Keeps `details` for the next attempt, which finds them in `lastHeartbeat`. Encodable, at most 8 KiB. The worker
   * sends the heartbeats themselves; call this only to hand on progress.
   */
  readonly heartbeat: (details?: unknown) => void;
  /** The details that an earlier attempt gave to `heartbeat`, or undefined. */
  readonly lastHeartbeat: unknown;
  readonly logger: Logger;
  /** The resources that the worker was made with: `createWorker({ resources })`. */
  readonly resources: Resources & Record<string, any>;
  /**
   * Stores bytes or a stream without holding them in memory. Returns a reference, which may be the body's result or a
   * part of it.
   */
  readonly store: (
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { mediaType?: string },
  ) => Promise<StoredBytes>;
  /**
   * Adds knots to the run, which start when their parents are settled. The addition counts only if the body returns,
   * and is recorded together with its result. An attempt that throws adds nothing. If a worker is lost after the
   * outcome was recorded, the retry adds nothing twice. May be called several times.
   *
   * A wrong fragment (an id that the run already has, a knot that it lacks, a cycle, a definition that the worker has
   * not registered) makes the knot fail once the body has returned.
   *
   * @throws SelvageError `NotExtensible` if the tapestry is not `extensible`, or in the function of a node;
   * `InvalidFragment`
   */
  readonly extend: (fragment: Fragment) => void;
  /** Opens what `store` returned. The hash is verified at the end of the stream. */
  readonly open: (stored: StoredBytes) => Promise<AsyncIterable<Uint8Array>>;
}
