import type { SelvageError } from '../errors';
import type { Logger } from '../authoring/knot-context';
import type { EventLink } from '../ports';

/** An event that may start a run. */
export interface TriggerEvent<Body = unknown> {
  /**
   * Unique within the trigger, and the same at each delivery. It comes from what is signed or explicit, never
   * from the bytes of the body.
   */
  readonly key: string;
  /** The argument of the trigger's `map`; without a `map`, the parameters of the run. */
  readonly body: Body;
  /** Kept in the run's record, so that the run leads back to the event. */
  readonly link: EventLink;
  /**
   * Hash of the request, such as of its body: another hash under the same key is a `conflict`. Do not hash
   * the parameters, which a changed `map` makes differently. Default: not compared.
   */
  readonly requestHash?: string;
  /** The span that it came from, as W3C Trace Context writes it: the run becomes a part of that trace. */
  readonly traceparent?: string | undefined;
}

/** The result of an event. All of them are final: the event need not be delivered again. */
export type Acceptance =
  | { readonly status: 'started'; readonly runId: string }
  /** Its run was started before, by the event with this link; nothing was done. */
  | { readonly status: 'duplicate'; readonly runId: string; readonly event?: EventLink }
  /**
   * Its key belongs to an event with another `requestHash`, whose run and link these are; nothing was done.
   */
  | {
      readonly status: 'conflict';
      readonly runId: string;
      readonly event: EventLink;
      /** False: the other event was claimed, and its run is not there. */
      readonly isStarted?: false;
    }
  /** `map` answered that it starts nothing. */
  | { readonly status: 'filtered' }
  /**
   * It cannot start a run, today or ever: the parameters that it makes do not satisfy the tapestry, or `map`
   * threw.
   */
  | { readonly status: 'refused'; readonly error: SelvageError };

/** The counters of a trigger. The host itself counts results of accepted events, and their duration. */
export interface TriggerMetrics {
  /**
   * Counts events by result. `unreadable`: its bytes cannot be made into a run. `dead-letter`: it was moved
   * to the dead letters, whatever it was counted as before. `lost`: it was never delivered. `gap`: a period
   * without a subscription, in which an unknown number was lost (pub/sub).
   */
  count(what: Acceptance['status'] | 'unreadable' | 'dead-letter' | 'lost' | 'gap', events?: number): void;
  /** How many events are waiting, by source (a topic's partition, a stream). */
  lag(of: string, events: number): void;
  /** Seconds from the arrival of an event to its accepted start. */
  latency(seconds: number): void;
}

/**
 * Turns an event into the parameters of the run that it starts; undefined or null starts none. If it throws,
 * the event is refused for good, so it must not call other systems: do that in knots, which are retried. It
 * is called again at each delivery of an event.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever the source delivers, and whatever the tapestry takes
export type EventMap<Body = any, Parameters extends object = any> = (
  body: Body,
  event: TriggerEvent<Body>,
) => Parameters | null | undefined | Promise<Parameters | null | undefined>;

/** Where a trigger delivers its events. */
export interface TriggerHost {
  /**
   * Starts the runs of these events, each exactly once per key however often it is delivered, and returns
   * each event's result, in order. Resolves when every started run is durable: acknowledge then. A refused
   * event does not hold up the others.
   *
   * @throws SelvageError if the ledger, a backend or the server is unreachable: no result is known, so
   *   deliver all of the events again
   */
  accept(events: readonly TriggerEvent[]): Promise<Acceptance[]>;
  /**
   * Aborted when the trigger is to stop: it finishes what it has begun to accept, acknowledges, and returns.
   */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly metrics: TriggerMetrics;
  /**
   * Reports what currently prevents deliveries, for health checks; undefined when it delivers again. Call it
   * once per change.
   *
   * @param note what is to be known although it is no trouble, such as that another process has all of the work
   */
  trouble(error: SelvageError | undefined, note?: string): void;
}

/** A running source of events. */
export interface Trigger {
  /** As declared. */
  readonly id: string;
  /** `kafka`, `valkey`, `cron`, … */
  readonly kind: string;
  /**
   * Delivers until the host's signal is aborted. Rejects only if retrying is useless, as with wrong options;
   * it survives outages.
   */
  run(host: TriggerHost): Promise<void>;
}
