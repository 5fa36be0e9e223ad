import type { SelvageError } from '../errors';
import type { Logger } from '../authoring/knot-context';
import type { EventLink } from '../ports';

/** An event that may start a run. */
export interface TriggerEvent<Body = unknown> {
  /**
   * Unique in the trigger, and the same at each delivery: from signed or explicit data, never from the body's bytes.
   */
  readonly key: string;
  /** The event's content for the trigger's `map`; without `map`, the parameters of the run. */
  readonly body: Body;
  /** Facts kept in the run's record, to find the event of a run. */
  readonly link: EventLink;
  /**
   * Hash of the request, such as of its body: another hash under the same key is a `conflict`. Do not hash the
   * parameters, which a changed `map` makes differently. Default: hashes are not compared.
   */
  readonly requestHash?: string;
  /** The event's span, as W3C Trace Context writes it: the run becomes part of that trace. */
  readonly traceparent?: string | undefined;
}

/** All results are final: the event need not be delivered again. */
export type Acceptance =
  | { readonly status: 'started'; readonly runId: string }
  /** An earlier event with this link started its run; nothing was done. */
  | { readonly status: 'duplicate'; readonly runId: string; readonly event?: EventLink }
  /** The run and link of another event with this key and another `requestHash`; nothing was done. */
  | {
      readonly status: 'conflict';
      readonly runId: string;
      readonly event: EventLink;
      /** `false`: the other event was claimed, but its run does not exist. */
      readonly isStarted?: false;
    }
  /** `map` returned nothing. */
  | { readonly status: 'filtered' }
  /** The event can never start a run: the tapestry refuses its parameters, or `map` threw. */
  | { readonly status: 'refused'; readonly error: SelvageError };

/** Counters of a trigger. The host counts results of accepted events, and their duration. */
export interface TriggerMetrics {
  /**
   * Counts events by result. `unreadable`: no run can be made of its bytes. `dead-letter`: the event was moved there,
   * however it was counted before. `lost`: the event was never delivered. `gap`: a period without a subscription, in
   * which an unknown number was lost (pub/sub).
   */
  count(what: Acceptance['status'] | 'unreadable' | 'dead-letter' | 'lost' | 'gap', events?: number): void;
  /** Number of waiting events, by source (a topic's partition, a stream). */
  lag(of: string, events: number): void;
  /** Seconds from an event's arrival to its accepted start. */
  latency(seconds: number): void;
}

/**
 * Returns the parameters of an event's run; undefined or null starts no run. If `map` throws, the event is refused for
 * good, so it must not call other systems: do that in knots, which are retried. Each delivery of an event calls `map`.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever the source delivers, and whatever the tapestry takes
export type EventMap<Body = any, Parameters extends object = any> = (
  body: Body,
  event: TriggerEvent<Body>,
) => Parameters | null | undefined | Promise<Parameters | null | undefined>;

/** Takes the events of a trigger. */
export interface TriggerHost {
  /**
   * Starts the runs of these events, each exactly once per key however often it is delivered. Returns their results, in
   * order, when every started run is durable: acknowledge the events then. A refused event does not hold up the others.
   *
   * @throws SelvageError if the ledger, a backend or the server is unreachable: deliver all of the events
   * again
   */
  accept(events: readonly TriggerEvent[]): Promise<Acceptance[]>;
  /** Aborted to stop the trigger, which finishes what it began to accept, acknowledges, and returns. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly metrics: TriggerMetrics;
  /**
   * Reports the obstacle to deliveries, for health checks, or undefined when the obstacle is gone. Call this once per
   * change.
   *
   * @param note a fact without trouble, such as that another process has all of the work
   */
  trouble(error: SelvageError | undefined, note?: string): void;
}

/** A running source of events. */
export interface Trigger {
  /** As declared. */
  readonly id: string;
  /** Such as `kafka`. */
  readonly kind: string;
  /** Delivers until the signal is aborted, through outages. The promise rejects only if retrying is useless. */
  run(host: TriggerHost): Promise<void>;
}
