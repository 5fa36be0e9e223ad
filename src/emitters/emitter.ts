import type { Logger } from '../authoring/knot-context';
import type { LineageRecord, LiveEvent } from '../ports';
import type { RunEvent } from './event';

/** What an emitter is given beside the events. */
export interface DeliveryContext {
  /** Aborted when the delivery has taken too long, when the process stops, and when another process delivers now. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** How often this batch was tried before; 0 the first time. */
  readonly attempt: number;
  /**
   * Reads a value that a record names by its hash.
   *
   * @throws SelvageError if it is no longer there, or the data store is out of reach
   */
  value(hash: string): Promise<unknown>;
  /**
   * Reads the lineage records of these knots of a run, in no particular order.
   *
   * @throws SelvageError if the run history is out of reach
   */
  records(temporalRunId: string, knotIds: readonly string[]): Promise<readonly LineageRecord[]>;
}

/** An event that the receiver will never take, however often it is delivered. */
export interface RejectedEvent {
  /** The event's id. */
  readonly id: string;
  /** Why, in words. */
  readonly reason: string;
}

/** What became of a batch. */
export interface Delivery {
  /** Moved to the emitter's dead letters; all other events of the batch count as delivered. */
  readonly rejected?: readonly RejectedEvent[];
  /**
   * Nothing of the batch counts as delivered, and nothing is delivered any more, for this reason, until somebody says
   * `selvage emitters resume`: the receiver is gone for good.
   */
  readonly disable?: string;
}

/** What an emitter is given beside a live event. */
export interface LiveContext {
  /** Aborted when the process stops delivering. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** How many live events this emitter has missed so far, because it was busy with others. */
  readonly dropped: number;
}

/**
 * Hears of runs, after the fact: it is given what is durable in the run history, in its order. A crash repeats a batch and
 * loses none, so a receiver that must not count twice remembers the ids of events. Nothing that it does touches a run.
 */
export interface Emitter {
  /**
   * Delivers events of one or more runs, oldest first, and resolves when the receiver has all of them durably. If it
   * throws, or takes too long, the same events come again, with growing pauses, without bound; those that come later wait.
   * If it throws `Terminal`, they come one by one, and those for which it does so again become dead letters; `Retryable` says when they come again.
   */
  deliver(events: readonly RunEvent[], context: DeliveryContext): Promise<Delivery | void>;
  /**
   * Hears what bodies of its own process do while they do it, one event at a time; {@link deliver} never does. Best
   * effort: what it has no time for is dropped, nothing comes again, and no body waits. An error is logged.
   */
  live?(event: LiveEvent, context: LiveContext): Promise<void> | void;
  /** Called when the process stops delivering. */
  close?(): Promise<void>;
}
