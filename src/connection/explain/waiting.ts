import { z } from 'zod';
import type { ErrorCode } from '../../errors';

/**
 * How far an unfinished knot is.
 *
 * - `running`: a worker is at it, as far as the server knows
 * - `queued`: it waits for a worker to take it, or for its turn by one of its limits (`LimitReached`)
 * - `retrying`: an attempt has ended without an outcome, and another one follows
 * - `paused`: an operator has paused it in Temporal
 * - `waiting`: its parents are settled, and it waits for a signal or a time, as it is to do
 * - `pending`: its parents are settled, and the run has not sent it out yet
 * - `blocked`: it waits for parents
 */
export type WaitingState = z.output<typeof waitingState>;
const waitingState = z.enum(['running', 'queued', 'retrying', 'paused', 'waiting', 'pending', 'blocked']);

/**
 * Why a knot has not ended, for programs. A code of an error, such as `BodyMissing` or `BackendUnavailable`,
 * is that of the refusal that ended the last attempt; `NoWorker` may come without any attempt. The others:
 *
 * - `Running`, `Segment`, `ChildRun`: it runs by itself, in a segment or in a child run
 * - `Cancelling`: it has been asked to end and has its `cancelGrace`
 * - `Queued`: it waits for a free worker
 * - `BodyThrew`: its body threw, and its `retry` allows another attempt
 * - `HeartbeatTimeout`: its worker has not been heard of for 30 s
 * - `Paused`: by an operator
 * - `Signal`, `Time`: it waits for a signal, until a time where the signal has one, or for a time
 * - `Parents`: some of its parents are unfinished
 * - `PendingActivityLimit`: the run has as many activities in flight as it may have
 * - `ContinuingAsNew`: the run sends nothing out until what is in flight has ended, and goes on with a new
 *   history
 * - `NextWorkflowTask`: it goes out with the run's next workflow task (see {@link Waiting.workflowTask})
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
  | 'PendingActivityLimit'
  | 'ContinuingAsNew'
  | 'NextWorkflowTask';

/**
 * Why the interpreter of a run has not taken its next step: a workflow task of Temporal's, or something that
 * it asks a worker for. A code of an error, such as `BackendUnavailable`, `UnknownTapestry` or
 * `HistoryTooNew`, is what the workers that took it refused it for; `NoWorker` may come without any attempt.
 * The others:
 *
 * - `Queued`: workers poll the run's task queue, and none has taken it yet
 * - `WorkflowTaskRunning`: a worker is at it and has not ended it
 * - `WorkflowTaskFailed`: it failed for another reason and is tried again
 * - `Paused`: an operator has paused the run in Temporal
 */
export type WorkflowTaskCode = ErrorCode | 'Queued' | 'WorkflowTaskRunning' | 'WorkflowTaskFailed' | 'Paused';

const waitingCode = z.string() as unknown as z.ZodType<WaitingCode>;

/** Times are milliseconds since the epoch, by the server's clock. */
export const waitingKnot = z.object({
  knotId: z.string(),
  state: waitingState,
  /** `message` is one line or more for people; it says nothing that changes with the clock. */
  reason: z.object({ code: waitingCode, message: z.string() }),
  /** Since when it has been in this state, if known. */
  since: z.number().optional(),
  /** Number of the current or next attempt, from 1; refusals and lost workers count. */
  attempt: z.int().optional(),
  /** When the next attempt is due, if it is retried. In the past if already due. */
  nextAttemptAt: z.number().optional(),
  /** Identity of the worker that runs it, or that had the last attempt. */
  worker: z.string().optional(),
  /** Only if it has been running for over a second. */
  lastHeartbeatAt: z.number().optional(),
  taskQueue: z.string().optional(),
  /**
   * For `BodyMissing`: the task queues that have workers with its body, as those have told the server; `message` names them, too. Absent if the
   * server keeps no list of workers.
   */
  queuesWithBody: z.array(z.string()).readonly().optional(),
  /** When this task queue was last polled, if that was in the last minutes. */
  lastPollAt: z.number().optional(),
  /** Name of the signal that it waits for. */
  signal: z.string().optional(),
  /** Until when it waits, if known. */
  until: z.number().optional(),
  /** Unfinished parents: the first five, in the order of the plan. */
  parents: z.array(z.string()).readonly().optional(),
  /** How many unfinished parents there are. */
  unfinishedParents: z.int().optional(),
  /** Id of the child run that it runs in. */
  childRunId: z.string().optional(),
  /**
   * For a map: its elements in flight, each with its reason, the most stuck first; at most 20. A batch is
   * named by its first element, `users[10…]`. If one is stuck, `state` and `reason` of the map are those of
   * the first of these.
   */
  get elements() {
    return z.array(waitingKnot).readonly().optional();
  },
  /** For a map: number of elements, or batches, in flight by reason code. */
  elementReasons: z.record(z.string(), z.int()).optional() as unknown as z.ZodOptional<
    z.ZodType<Readonly<Partial<Record<WaitingCode, number>>>>
  >,
});
export type WaitingKnot = Readonly<z.output<typeof waitingKnot>>;

/** Times as in {@link WaitingKnot}. */
export const workflowTaskState = z.object({
  code: z.string() as unknown as z.ZodType<WorkflowTaskCode>,
  message: z.string(),
  taskQueue: z.string(),
  since: z.number().optional(),
  attempt: z.int().optional(),
  /** The worker of the current or last attempt, if known. */
  worker: z.string().optional(),
  lastPollAt: z.number().optional(),
});
export type WorkflowTaskState = Readonly<z.output<typeof workflowTaskState>>;

/** The waits of an unfinished run. */
export interface Waiting {
  /** Whether a worker has taken the run's first step. Until then there are no knots, and `workflowTask` says why. */
  readonly started: boolean;
  /** Why the run's workflow task is not done. Absent if the interpreter has nothing to do, or is about to. */
  readonly workflowTask?: WorkflowTaskState;
  /** Knots of the run, parameters included. */
  readonly total: number;
  readonly unfinished: number;
  /** Number of unfinished knots by reason code. */
  readonly reasons: Readonly<Partial<Record<WaitingCode, number>>>;
  /**
   * At most 100. First those that are stuck, then those that run or may run, then those that wait for others;
   * within each, those that hold up most others first.
   */
  readonly knots: readonly WaitingKnot[];
}
