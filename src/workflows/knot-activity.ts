import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  type TemporalFailure,
} from '@temporalio/common';
import type { KnotAnswer } from '../scheduler';
import { messageText } from '../errors';
import type { KnotCall, KnotFailure, KnotTask } from './messages';
import type { RunLimits } from './run-limits';
import type { ChildWorld } from './world';

/** The server requires a timeout of activities, but heartbeats end the attempts of a body. */
const UNLIMITED_MS = 10 * 365 * 24 * 3600 * 1000;
const ACTIVITY_OPTIONS = {
  startToCloseTimeout: UNLIMITED_MS,
  retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 30_000 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const;
const MESSAGE_LENGTH = 500;

/**
 * Schedules the activity of one knot. The promise resolves one microtask after the activity ends, as in recorded
 * histories. `then` makes one promise for the wait, an `async` function two, and promises are costly in the sandbox.
 */
export function callKnot<Answer = KnotAnswer>(
  world: ChildWorld,
  call: KnotCall,
  task: KnotTask,
  limits: RunLimits,
): Promise<Answer> {
  return scheduleKnot<Answer>(world, call, task, limits).then((answer) => answer);
}

/**
 * Schedules an activity that runs bodies: of a knot, a segment or elements of a map. The promise resolves as the
 * activity ends, without the extra microtask of {@link callKnot}.
 */
export function scheduleKnot<Answer = KnotAnswer>(
  world: ChildWorld,
  { type, id, priority, ...options }: KnotCall,
  task: object,
  { heartbeatTimeoutMs }: RunLimits,
): Promise<Answer> {
  const all = {
    activityId: id,
    ...options,
    ...(priority !== undefined && { priority: { priorityKey: priority } }),
    ...ACTIVITY_OPTIONS,
    heartbeatTimeout: heartbeatTimeoutMs,
  };
  return world.call<Answer>(type, all, task);
}

/**
 * Whether the activity would have been retried, and the server ended it for a requested cancel. Our interceptors end a
 * knot by a failure that is not retryable.
 */
export function isRetryable(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.nonRetryable !== true;
}

/** Whether the activity's worker was lost after a cancel was requested, so that it was not retried. */
export function isLostInCancel(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'HEARTBEAT' &&
    error.retryState === 'CANCEL_REQUESTED'
  );
}

/** `recorded`: the activity has recorded the failure. */
export function describeFailure(
  knot: string,
  error: TemporalFailure,
): { failure: KnotFailure; recorded: boolean } {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const failure = {
    knot,
    type: (cause instanceof ApplicationFailure && cause.type) || (cause?.name ?? error.name),
    message: messageText(cause?.message ?? error.message, MESSAGE_LENGTH),
  };
  // The server ended the activity, not our interceptors, so nothing is recorded yet.
  return { failure, recorded: cause instanceof ApplicationFailure && !isRetryable(error) };
}
