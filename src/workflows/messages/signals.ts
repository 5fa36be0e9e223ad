import type { KnotTask } from './knot';
import type { Envelope, ReferenceEnvelope } from '../../scheduler/envelope';
import type { Waited } from '../../scheduler';

/** The input of the activity that reads how long a knot waits. */
export interface WaitRequest {
  /** The task as the knot's activity gets it. */
  readonly task: KnotTask & { readonly knot: string; readonly temporalRunId: string };
  /** When the wait begins, in milliseconds since the epoch. */
  readonly now: number;
}

export interface WaitEnd {
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** A signal as a client sends it. */
export interface SignalRequest {
  /** Unique within the run: a signal that arrives again under the same id is the same signal. */
  readonly id: string;
  readonly name: string;
  /** As given. A large payload is a reference; the client has put it into the data store. */
  readonly payload: Envelope;
}

/** The result of an accepted signal. */
export interface SignalReceipt {
  /** The knot that takes it. Absent: it is kept for the next wait of that name. */
  readonly takenBy?: string;
}

export interface SignalCheckRequest {
  readonly plan: string;
  /** In order of arrival. */
  readonly signals: readonly UncheckedSignal[];
}

export interface UncheckedSignal {
  readonly name: string;
  /** Set for Temporal's own signals, which anybody may send: they may not refer to the data store. */
  readonly isRaw?: true;
  /** Absent: none was given. */
  readonly payload?: Envelope;
}

export type SignalCheck =
  | {
      /** The payload as given, stored in the data store. */
      readonly payload: ReferenceEnvelope;
      /** Ids of the knots that wait for a signal of that name whose schemas refuse it. Absent: none does. */
      readonly unfit?: readonly string[];
    }
  /** Why no knot could take it. */
  | { readonly refused: string };

/** A refused signal whose sender could not be told. */
export interface RefusedSignal {
  readonly name: string;
  /** An error code. */
  readonly type: string;
  readonly message: string;
}

/** The signals that no knot took, with the reasons. */
export interface LeftSignals {
  /** Their number by name. */
  readonly unread?: Readonly<Record<string, number>>;
  /** Content hashes of their payloads. */
  readonly payloads?: readonly string[];
  /** How many were refused without the sender knowing, and the last 20 of them. */
  readonly refused?: { readonly total: number; readonly last: readonly RefusedSignal[] };
}

/** A knot that waits for something from outside. */
export interface OpenWait {
  readonly knot: string;
  readonly signal?: string;
  /** Milliseconds since the epoch. */
  readonly until?: number;
}

/** A wait, as passed to a later execution. */
export interface CarriedWait {
  /** Milliseconds since the epoch, like `until`. */
  readonly since?: number;
  readonly until?: number;
  /** How it ended, if it is over. */
  readonly waited?: Waited;
}
