import type { StoredBytes } from '../canonical';
import type { Fragment } from './fragment';

/** Takes a message with fields, or, as pino does, fields with a message. */
export interface LogMethod {
  (message: string, fields?: object): void;
  (fields: object, message?: string): void;
}

/** What bodies write to. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

/** Where lines go: a logger of pino, or anything that takes fields and then the message. */
export interface LoggerLike {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Extended by users (`declare module 'selvage' { interface Resources { db: Pool } }`) to type `ctx.resources` everywhere. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Resources {}

/** What a body knows of the run that it works for; its second argument. */
export interface KnotContext {
  /** The run's id: the Temporal workflow id, or the id of an in-process run. */
  readonly runId: string;
  readonly knotId: string;
  /** From 1; grows with every attempt, also those that a lost worker or an unreachable backend cost. */
  readonly attempt: number;
  /** Equal over all attempts of this knot in this run: for use with outside systems that remember keys. */
  readonly idempotencyKey: string;
  /**
   * Aborted when the run is cancelled, the knot's `timeout` passes or the worker shuts down. A body that ends within its
   * `cancelGrace` still counts.
   */
  readonly signal: AbortSignal;
  /**
   * Keeps `details` for the next attempt, which finds them in `lastHeartbeat`. Encodable, at most 8 KiB. Beats themselves are sent by the
   * worker; calling this is needed only to hand on progress.
   */
  heartbeat(details?: unknown): void;
  /** What an earlier attempt handed on by `heartbeat`, or undefined. */
  readonly lastHeartbeat: unknown;
  readonly logger: Logger;
  /** What the worker was made with: `createWorker({ resources })`. */
  readonly resources: Resources & Record<string, any>;
  /** Stores bytes or a stream without holding it in memory, and answers a reference that may be returned, whole or inside a value. */
  store(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { mediaType?: string },
  ): Promise<StoredBytes>;
  /**
   * Gives the run more knots, which start when their parents are settled. It counts if the body returns, together with what it
   * returns: of an attempt that throws, nothing is kept; of one that is tried again because its worker was lost after its
   * outcome was recorded, it counts once. May be called several times.
   *
   * What is wrong with it (an id that the run has, a knot that it does not have, a circle, a definition that the worker has
   * not registered) makes the knot fail when the body has returned.
   *
   * @throws SelvageError `NotExtensible` where the tapestry is not `extensible`, and in the function of a node; `InvalidFragment`
   */
  extend(fragment: Fragment): void;
  /** Opens what `store` answered; the hash is checked at the end of the stream. */
  open(stored: StoredBytes): Promise<AsyncIterable<Uint8Array>>;
}
