import type { KnotTask } from './knot';
import type { Envelope, ReferenceEnvelope } from '../../scheduler/envelope';
import type { Waited } from '../../scheduler';

export interface WaitRequest {
  /** The knot's own task. */
  readonly task: KnotTask & { readonly knot: string; readonly temporalRunId: string };
  /** Beginning of the wait, in milliseconds since the epoch. */
  readonly now: number;
}

export interface WaitEnd {
  /** End of the wait, in milliseconds since the epoch. */
  readonly until: number;
}

export interface SignalRequest {
  /** The signal's id, unique within the run: a repeated id is the same signal. */
  readonly id: string;
  readonly name: string;
  /** As given. A large payload is a reference to the data store. */
  readonly payload: Envelope;
}

/** The result of an accepted signal. */
export interface SignalReceipt {
  /** The knot that takes the signal. Absent: the signal is kept for the next wait of that name. */
  readonly takenBy?: string;
}

export interface SignalCheckRequest {
  readonly plan: string;
  /** Signals to check, in order of arrival. */
  readonly signals: readonly UncheckedSignal[];
}

export interface UncheckedSignal {
  readonly name: string;
  /** Set for Temporal's own signals, which anybody may send: these may not refer to the data store. */
  readonly isRaw?: true;
  readonly payload?: Envelope;
}

export type SignalCheck =
  | {
      /** The payload as given, in the data store. */
      readonly payload: ReferenceEnvelope;
      /** Knots that wait for this signal and whose schemas refuse it. Absent: none. */
      readonly unfit?: readonly string[];
    }
  /** Why no knot could take the signal. */
  | { readonly refused: string };

/** A signal that was refused without its sender being told. */
export interface RefusedSignal {
  readonly name: string;
  /** Error code. */
  readonly type: string;
  readonly message: string;
}

/** Signals that no knot took. */
export interface LeftSignals {
  /** Number of untaken signals by name. */
  readonly unread?: Readonly<Record<string, number>>;
  /** Content hashes of untaken signals' payloads. */
  readonly payloads?: readonly string[];
  /** Signals of Temporal's own that were refused, as their sender was not told: how many, and the last 20. */
  readonly refused?: { readonly total: number; readonly last: readonly RefusedSignal[] };
}

/** A knot that waits for a signal or a time. */
export interface OpenWait {
  readonly knot: string;
  readonly signal?: string;
  /** When the wait ends, in milliseconds since the epoch. */
  readonly until?: number;
}

/** A wait, as passed to a later execution. */
export interface CarriedWait {
  readonly since?: number;
  readonly until?: number;
  readonly waited?: Waited;
}
