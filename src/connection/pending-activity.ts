import type { WorkflowExecutionDescription } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { isErrorCode, presentCode } from '../errors';
import type { AttemptFailure, PendingActivity } from './explain/facts';

type Raw = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];
type RawFailure = NonNullable<Raw['lastFailure']>;

/** PendingActivityState.PENDING_ACTIVITY_STATE_STARTED and its siblings. */
const STARTED = 2;
const CANCEL_REQUESTED = 3;
const PAUSED = 4;
/** TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE. */
const START_TO_CLOSE = 1;
/** Heartbeat timeout of activities, for servers that do not tell it. */
const TIMEOUT_MS = 30_000;

export function pendingActivitiesOf({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): PendingActivity[] {
  return (raw.pendingActivities ?? []).map(pendingActivity);
}

function pendingActivity(activity: Raw): PendingActivity {
  const attempt = activity.attempt ?? 1;
  const failure = activity.lastFailure;
  return {
    id: activity.activityId ?? '',
    type: activity.activityType?.name ?? '',
    state: stateOf(activity),
    attempt,
    taskQueue: activity.activityOptions?.taskQueue?.name ?? '',
    ...at('scheduledAt', activity.scheduledTime),
    ...at('startedAt', activity.lastStartedTime),
    ...at('lastHeartbeatAt', activity.lastHeartbeatTime),
    ...at('nextAttemptAt', activity.nextAttemptScheduleTime),
    ...(activity.lastWorkerIdentity && { worker: activity.lastWorkerIdentity }),
    ...(failure && { lastFailure: attemptFailure(failure, activity.activityOptions ?? {}) }),
  };
}

function at<Name extends string>(
  name: Name,
  time: Raw['scheduledTime'],
): { readonly [name in Name]?: number } {
  const milliseconds = optionalTsToMs(time);
  return (milliseconds === undefined ? {} : { [name]: milliseconds }) as { readonly [name in Name]?: number };
}

function stateOf({ state, paused }: Raw): PendingActivity['state'] {
  const value: unknown = state;
  if (value === CANCEL_REQUESTED) return 'cancelling';
  if (value === STARTED) return 'started';
  return paused || value === PAUSED ? 'paused' : 'scheduled';
}

/** A refusal, or an error of ours thrown by a body, has its code as type. */
function attemptFailure(
  { message, applicationFailureInfo, timeoutFailureInfo }: RawFailure,
  { heartbeatTimeout, startToCloseTimeout }: NonNullable<Raw['activityOptions']>,
): AttemptFailure {
  const text = message ?? '';
  if (timeoutFailureInfo) {
    // An activity without heartbeats has a heartbeat timeout of 0.
    const isSilent = (timeoutFailureInfo.timeoutType as unknown) !== START_TO_CLOSE;
    const timeout = optionalTsToMs(isSilent ? heartbeatTimeout : startToCloseTimeout) || TIMEOUT_MS;
    const what = isSilent ? 'was not heard of for' : 'did not end it within';
    return {
      code: 'HeartbeatTimeout',
      message: `its worker ${what} ${timeout / 1_000} s and is taken for lost`,
    };
  }
  const type = presentCode(applicationFailureInfo?.type ?? '');
  if (isErrorCode(type)) return { code: type, message: text };
  return { code: 'BodyThrew', message: type ? `${type}: ${text}` : text };
}
