import type { Logger } from '../authoring/knot-context';
import type { LineageRecord, LiveEvent } from '../ports';
import type { RunEvent } from './event';

/** The surroundings of a delivery. */
export interface DeliveryContext {
  /** The signal is aborted after the time limit, at the process's stop, and when another process delivers. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Number of earlier attempts at this batch; 0 the first time. */
  readonly attempt: number;
  /** Reads a value by its hash. @throws SelvageError if the value is gone, or the data store is unreachable */
  value(hash: string): Promise<unknown>;
  /** Lineage records of these knots, unsorted. @throws SelvageError if the run history is unreachable */
  records(temporalRunId: string, knotIds: readonly string[]): Promise<readonly LineageRecord[]>;
}

/** An event that the receiver refuses for good. */
export interface RejectedEvent {
  /** The event's id. */
  readonly id: string;
  /** In words. */
  readonly reason: string;
}

/** The result of a batch. */
export interface Delivery {
  /** Events moved to the dead letters; all other events of the batch count as delivered. */
  readonly rejected?: readonly RejectedEvent[];
  /**
   * Why the receiver is gone for good: neither this batch nor a later one is delivered until `selvage emitters resume`.
   */
  readonly disable?: string;
}

/** The surroundings of a live event. */
export interface LiveContext {
  /** The signal is aborted when the process stops delivering. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Live events missed so far while the emitter was busy. */
  readonly dropped: number;
}

/**
 * Receives durable events of runs, in order. A crash may repeat a batch but loses none: count once by the events' ids.
 * Nothing that an emitter does affects a run.
 */
export interface Emitter {
  /**
   * Delivers events of one or more runs, oldest first, and resolves when the receiver has all of them durably. After a
   * throw or a timeout, the same events are repeated, with growing pauses and without limit, and later events wait.
   * After a thrown `Terminal`, the events come one by one, and each event that makes `deliver` throw it again becomes a
   * dead letter; `Retryable` sets the pause.
   */
  deliver(events: readonly RunEvent[], context: DeliveryContext): Promise<Delivery | void>;
  /**
   * Receives live events of bodies in this process, one at a time, which {@link deliver} never gets. `live` is best
   * effort: events in excess are dropped, none is repeated, and no body waits. An error of `live` is logged.
   */
  live?(event: LiveEvent, context: LiveContext): Promise<void> | void;
  /** Closes the emitter when the process stops delivering. */
  close?(): Promise<void>;
}
