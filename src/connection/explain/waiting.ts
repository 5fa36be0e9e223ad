import { z } from 'zod';
import type { ErrorCode } from '../../errors';

/**
 * State of an unfinished knot.
 *
 * - `running`: a worker runs the knot, as far as the server knows
 * - `queued`: the knot waits for a worker, or for one of its limits (`LimitReached`)
 * - `retrying`: an attempt ended without an outcome, and another one follows
 * - `paused`: an operator has paused the knot in Temporal
 * - `waiting`: the knot's parents are settled, and it waits for its signal or time
 * - `pending`: the knot's parents are settled, and the run has not sent it out yet
 * - `blocked`: the knot waits for parents
 */
export type WaitingState = z.output<typeof waitingState>;
const waitingState = z.enum(['running', 'queued', 'retrying', 'paused', 'waiting', 'pending', 'blocked']);

/**
 * Why a knot has not ended, for programs. An error code, such as `BodyMissing` or `BackendUnavailable`, names
 * the refusal that ended the last attempt; `NoWorker` may come without any attempt. The others:
 *
 * - `Running`, `Segment`, `ChildRun`: the knot runs by itself, in a segment or in a child run
 * - `Cancelling`: the knot has been asked to end and has its `cancelGrace`
 * - `Queued`: the knot waits for a free worker
 * - `BodyThrew`: the knot's body threw, and its `retry` allows another attempt
 * - `HeartbeatTimeout`: the knot's worker has sent no heartbeat for 30 s
 * - `Paused`: an operator has paused the knot
 * - `Signal`, `Time`: the knot waits for a signal, which may have a time limit, or for a time
 * - `Parents`: some of the knot's parents are unfinished
 * - `PendingActivityLimit`: the run has as many activities in flight as it may have
 * - `ContinuingAsNew`: the run sends nothing out until what is in flight has ended, then continues as new
 * - `NextWorkflowTask`: the knot goes out with the run's next workflow task (see {@link Waiting.workflowTask})
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
 * Why the interpreter of a run has not taken its next step: its workflow task, or its call to a worker. An
 * error code, such as `BackendUnavailable`, `UnknownTapestry` or `HistoryTooNew`, names the refusal of the workers that
 * took the task; `NoWorker` may come without any attempt. The others:
 *
 * - `Queued`: workers poll the run's task queue, and none has taken the task yet
 * - `WorkflowTaskRunning`: a worker has the task and has not ended it
 * - `WorkflowTaskFailed`: the task failed for another reason and is tried again
 * - `Paused`: an operator has paused the run in Temporal
 */
export type WorkflowTaskCode = ErrorCode | 'Queued' | 'WorkflowTaskRunning' | 'WorkflowTaskFailed' | 'Paused';

const waitingCode = z.string() as unknown as z.ZodType<WaitingCode>;

/** Times are milliseconds since the epoch, by the server's clock. */
export const waitingKnot = z.object({
  knotId: z.string(),
  state: waitingState,
  /** `message` has one line or more, for people, and nothing that changes with the clock. */
  reason: z.object({ code: waitingCode, message: z.string() }),
  /** When this state began, if known. */
  since: z.number().optional(),
  /** Number of the current or next attempt, from 1; refusals and lost workers count. */
  attempt: z.int().optional(),
  /** When the next attempt is due, if the knot is retried; in the past if already due. */
  nextAttemptAt: z.number().optional(),
  /** Identity of the worker of the current or last attempt. */
  worker: z.string().optional(),
  /** When the knot began to run; only if it has been running for over a second. */
  lastHeartbeatAt: z.number().optional(),
  taskQueue: z.string().optional(),
  /** For `BodyMissing`: queues of workers with its body; absent if the server keeps no list of workers. */
  queuesWithBody: z.array(z.string()).readonly().optional(),
  /** Last poll of this task queue, within the last minutes. */
  lastPollAt: z.number().optional(),
  signal: z.string().optional(),
  /** End of the wait, if known. */
  until: z.number().optional(),
  /** The first five unfinished parents, in the order of the plan. */
  parents: z.array(z.string()).readonly().optional(),
  unfinishedParents: z.int().optional(),
  childRunId: z.string().optional(),
  /**
   * For a map: at most 20 of its elements in flight, the most stuck first. A batch is named by its first
   * element, `users[10…]`. If an element is stuck, the map has the state and reason of the first stuck one.
   */
  get elements() {
    return z.array(waitingKnot).readonly().optional();
  },
  /** For a map: number of elements or batches in flight, by reason code. */
  elementReasons: z.record(z.string(), z.int()).optional() as unknown as z.ZodOptional<
    z.ZodType<Readonly<Partial<Record<WaitingCode, number>>>>
  >,
});
export type WaitingKnot = Readonly<z.output<typeof waitingKnot>>;

/** The workflow task of an unfinished run, with times as in {@link WaitingKnot}. */
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
  /** Whether the run has taken its first step, before which it has no knots, and `workflowTask` says why. */
  readonly started: boolean;
  /** Why the run's workflow task is not done; absent if the interpreter has no task, or is about to do it. */
  readonly workflowTask?: WorkflowTaskState;
  /** Number of knots of the run, parameters included. */
  readonly total: number;
  readonly unfinished: number;
  /** Number of unfinished knots by reason code. */
  readonly reasons: Readonly<Partial<Record<WaitingCode, number>>>;
  /** At most 100 knots: stuck, running or queued, then waiting ones; within each kind, by knots held up. */
  readonly knots: readonly WaitingKnot[];
}
