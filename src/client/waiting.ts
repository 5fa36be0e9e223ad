import type { ErrorCode } from '../errors';

/**
 * How far an unfinished knot is.
 *
 * - `running`: a worker is at it, as far as the server knows
 * - `queued`: it waits for a worker to take it, or for its turn by one of its limits (`LimitReached`)
 * - `retrying`: an attempt has ended without an outcome, and another one follows
 * - `paused`: an operator has paused it in Temporal
 * - `waiting`: its parents are settled, and it waits for a signal or a time, as it is to do
 * - `held`: its parents are settled, and the run has not sent it out yet
 * - `blocked`: it waits for parents
 */
export type WaitingState = 'running' | 'queued' | 'retrying' | 'paused' | 'waiting' | 'held' | 'blocked';

/**
 * Why a knot has not ended, for programs. A code of an error, such as `BodyMissing` or `BackendUnavailable`, is that of the
 * refusal that ended the last attempt; `NoWorker` may come without any attempt. The others:
 *
 * - `Running`, `Segment`, `ChildRun`: it runs by itself, in a segment or in a child run
 * - `Cancelling`: it has been asked to end and has its `cancelGrace`
 * - `Queued`: it waits for a free worker
 * - `BodyThrew`: its body threw, and its `retry` allows another attempt
 * - `HeartbeatTimeout`: its worker has not been heard of for 30 s
 * - `Paused`: by an operator
 * - `Signal`, `Time`: it waits for a signal, until a time where the signal has one, or for a time
 * - `Parents`: some of its parents are unfinished
 * - `Window`: the run has as many activities in flight as it may have
 * - `HistoryFull`: the run sends nothing out until what is in flight has ended, and goes on with a new history
 * - `NextStep`: it goes out with the run's next step (see {@link Waiting.step})
 */
export type WaitingCode =
  | ErrorCode
  | 'Running'
  | 'Segment'
  | 'ChildRun'
  | 'Cancelling'
  | 'Queued'
  | 'BodyThrew'
  | 'HeartbeatTimeout'
  | 'Paused'
  | 'Signal'
  | 'Time'
  | 'Parents'
  | 'Window'
  | 'HistoryFull'
  | 'NextStep';

/**
 * Why the interpreter of a run has not taken its next step: a workflow task of Temporal's.
 *
 * - `NoWorker`: nothing polls the run's task queue
 * - `Queued`: workers do, and none has taken it yet
 * - `StepRunning`: a worker is at it and has not ended it; where it waits for a backend, its log says so
 * - `UnknownTapestry`: the workers that polled do not have the tapestry
 * - `InlineLimitDiffers`: the workers that polled would put more into the history than the client wants
 * - `BackendsDiffer`: the workers that polled have other backends than the client that started the run
 * - `HistoryTooNew`: a newer Selvage began the run, and the workers that polled are older
 * - `StepFailed`: it failed for another reason and is tried again
 * - `Paused`: an operator has paused the run in Temporal
 */
export type StepCode =
  | 'NoWorker'
  | 'Queued'
  | 'StepRunning'
  | 'UnknownTapestry'
  | 'BackendsDiffer'
  | 'InlineLimitDiffers'
  | 'HistoryTooNew'
  | 'StepFailed'
  | 'Paused';

/** Times are milliseconds since the epoch, by the server's clock. */
export interface WaitingKnot {
  readonly knotId: string;
  readonly state: WaitingState;
  /** `message` is one line or more for people; it says nothing that changes with the clock. */
  readonly reason: { readonly code: WaitingCode; readonly message: string };
  /** Since when it is in this state, where that is known. */
  readonly since?: number;
  /** The number of the attempt that runs or comes next, from 1 on; refusals and lost workers count. */
  readonly attempt?: number;
  /** Of one that is retried: when. In the past where it is due. */
  readonly nextAttemptAt?: number;
  /** Identity of the worker that runs it, or that had the last attempt. */
  readonly worker?: string;
  /** Of one that runs and has been running for over a second. */
  readonly lastHeartbeatAt?: number;
  readonly taskQueue?: string;
  /** When somebody last asked this task queue for work, if that was in the last minutes. */
  readonly lastPollAt?: number;
  /** Of one that waits for a signal: its name. */
  readonly signal?: string;
  /** Of one that waits: until when, where that is known. */
  readonly until?: number;
  /** Unfinished parents: the first five, in the order of the plan. */
  readonly parents?: readonly string[];
  /** How many unfinished parents there are. */
  readonly unfinishedParents?: number;
  /** The run id of the child run that it runs in. */
  readonly childRun?: string;
}

/** Times as of {@link WaitingKnot}. */
export interface WaitingStep {
  readonly code: StepCode;
  readonly message: string;
  readonly taskQueue: string;
  readonly since?: number;
  readonly attempt?: number;
  /** The worker that is at it or that had the last attempt, where that is known. */
  readonly worker?: string;
  readonly lastPollAt?: number;
}

/** What a run that is not over waits for. */
export interface Waiting {
  /** Whether a worker has taken the run's first step. Without that it has no knots yet, and `step` says why. */
  readonly begun: boolean;
  /** Absent where the interpreter has nothing to do, or is about to. */
  readonly step?: WaitingStep;
  /** Knots of the run, parameters included. */
  readonly total: number;
  readonly unfinished: number;
  /** How many knots are unfinished for which reason, by code. */
  readonly reasons: Readonly<Partial<Record<WaitingCode, number>>>;
  /**
   * At most 100. First those that are stuck, then those that run or may run, then those that wait for others; among these, those
   * that hold up most others first.
   */
  readonly knots: readonly WaitingKnot[];
}
