import type { StoredBytes } from '../values';
import type { Fragment } from './fragment';

/** Logs a message with fields or, like pino, fields with a message. */
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

/** Receives log lines: a pino logger, or any object that takes fields and then the message. */
export interface LoggerLike {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Type of `ctx.resources`. Extend it: `declare module 'selvage' { interface Resources { db: Pool } }`. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Resources {}

/** The second argument of a body: its run, and the actions of a body. */
export interface KnotContext {
  /** The Temporal workflow id, or the id of an in-process run. */
  readonly runId: string;
  readonly knotId: string;
  /** Number of the attempt, from 1, which counts every attempt, also after a lost worker or an unreachable backend. */
  readonly attempt: number;
  /** A key that is equal in all attempts of this knot in this run, for outside systems that deduplicate by key. */
  readonly idempotencyKey: string;
  /**
   * Span of the body as a W3C Trace Context header, for calls that no library instruments; undefined without an
   * OpenTelemetry SDK in the worker.
   */
  readonly traceparent?: string | undefined;
  /**
   * A signal that is aborted when the run is cancelled, the knot's `timeout` passes or the worker shuts down. The
   * result still counts if the body ends within its `cancelGrace`.
   */
  readonly signal: AbortSignal;
  /**
   * Keeps `details` for the next attempt, which finds them in `lastHeartbeat`. `details` must be encodable, and have at
   * most 8 KiB. Use heartbeats for progress only: the worker sends them to the server itself.
   */
  readonly heartbeat: (details?: unknown) => void;
  /** The `heartbeat` details of an earlier attempt, or undefined. */
  readonly lastHeartbeat: unknown;
  readonly logger: Logger;
  /** Resources of the worker: `createWorker({ resources })`. */
  readonly resources: Resources & Record<string, any>;
  /**
   * Stores bytes or a stream without holding them in memory. The returned reference may be (part of) the body's
   * result.
   */
  readonly store: (
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { mediaType?: string },
  ) => Promise<StoredBytes>;
  /**
   * Adds knots to the run, which start when their parents are settled. A body may call `extend` several times. New
   * knots are recorded together with the body's result: an attempt that throws adds nothing, and a retry after a lost
   * worker adds nothing twice.
   *
   * The knot fails after its body has returned if the fragment is wrong: an id that the run has, an unknown knot, a
   * cycle, or an unregistered definition.
   *
   * @throws SelvageError `NotExtensible` if the tapestry is not `extensible`, or in the function of a node;
   *   `InvalidFragment`
   */
  readonly extend: (fragment: Fragment) => void;
  /** Opens a result of `store`. The hash of the bytes is verified at the end of the stream. */
  readonly open: (stored: StoredBytes) => Promise<AsyncIterable<Uint8Array>>;
}
