import type { WorkflowClient, WorkflowExecutionDescription } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';
import { unreachable } from './connection-errors';
import { isErrorCode } from '../errors';
import { SYSTEM_ACTIVITIES } from '../workflows/messages';
import type { PendingActivity } from './pending-activity';
import type { Pollers } from './pollers';
import type { RunSituation } from './run-situation';
import { isDue, nobodyTakes } from './activity-reason';
import { pinnedBuild } from './worker-builds';
import type { WorkflowTaskCode, WorkflowTaskState } from './waiting';

/** PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED. */
const STARTED = 2;
/** A step takes milliseconds; a longer one waits for something. */
const LONG_STEP_MS = 5_000;
/**
 * Enough of the history's end to say why a workflow task failed, and of its beginning to say whether the
 * first one was done.
 */
const EVENTS_READ = 20;

/** Codes with which the interpreter refuses a step that its worker cannot do. */
const REFUSALS: readonly WorkflowTaskCode[] = [
  'UnknownTapestry',
  'BackendsDiffer',
  'InlineLimitDiffers',
  'HistoryTooNew',
];

/**
 * Why the interpreter has not taken its next step; undefined if it has nothing to do or is about to do it.
 */
export async function nextWorkflowTask(
  client: WorkflowClient,
  pollers: Pollers,
  description: WorkflowExecutionDescription,
  hasBegun: boolean,
): Promise<WorkflowTaskState | undefined> {
  const { raw, taskQueue, status, workflowId, runId } = description;
  if (status.name === 'PAUSED')
    return { code: 'Paused', message: 'an operator has paused the run in Temporal', taskQueue };
  const task = raw.pendingWorkflowTask;
  if (!task) return undefined;
  const now = Date.now();
  const since = optionalTsToMs(task.originalScheduledTime) ?? optionalTsToMs(task.scheduledTime);
  const attempt = task.attempt ?? 1;
  const common = { taskQueue, attempt, since };
  const isStarted = (task.state as unknown) === STARTED;
  if (!isStarted) {
    const who = await pollers.of(taskQueue, 'workflow', pinnedBuild(description));
    const polled = who?.lastPollAt === undefined ? {} : { lastPollAt: who.lastPollAt };
    const nobody = nobodyTakes(taskQueue, optionalTsToMs(task.scheduledTime), who, now);
    if (nobody) return { code: 'NoWorker', message: nobody, ...common, ...polled };
    if (attempt === 1 && !hasBegun) {
      return {
        code: 'Queued',
        message: `waits for a worker of task queue "${taskQueue}"`,
        ...common,
        ...polled,
      };
    }
  }
  const isLong = isStarted && now - (since ?? now) > LONG_STEP_MS;
  if (attempt === 1 && hasBegun && !isLong) return undefined;
  const { failure, worker } = await lastTask(client, workflowId, runId);
  const at = { ...common, ...(worker && { worker }) };
  if (failure) return { ...describeFailure(failure), ...at };
  if (attempt > 1) {
    const message = 'its last attempt ended without a word: its worker was lost or too slow';
    return { code: 'WorkflowTaskFailed', message, ...at };
  }
  if (!isStarted) return undefined;
  return { code: 'WorkflowTaskRunning', message: isAtIt(worker), ...at };
}

const isAtIt = (worker = 'unknown'): string => `worker ${worker} is at it`;

/** The interpreter's own calls to a worker, if one has failed or nobody takes it; else undefined. */
export function workflowTaskOfActivities(
  activities: readonly PendingActivity[],
  pollers: RunSituation['pollers'],
  now: number,
): WorkflowTaskState | undefined {
  for (const activity of activities) {
    if (!SYSTEM_ACTIVITIES.includes(activity.type)) continue;
    const { state, taskQueue, attempt, worker, scheduledAt, startedAt, lastFailure } = activity;
    const since = startedAt ?? scheduledAt;
    const common = {
      taskQueue,
      attempt,
      since,
      worker,
    };
    const who = pollers.get(taskQueue);
    const nobody = isDue(activity, now) ? nobodyTakes(taskQueue, scheduledAt, who, now) : undefined;
    const polled = who?.lastPollAt === undefined ? {} : { lastPollAt: who.lastPollAt };
    if (nobody) return { code: 'NoWorker', message: nobody, ...common, ...polled };
    if (lastFailure) {
      const code = isErrorCode(lastFailure.code) ? lastFailure.code : 'WorkflowTaskFailed';
      return { code, message: lastFailure.message, ...common };
    }
    if (state === 'started' && now - (since ?? now) > LONG_STEP_MS)
      return { code: 'WorkflowTaskRunning', message: isAtIt(worker), ...common };
  }
  return undefined;
}

/**
 * Temporal keeps only a text of a failed workflow task, which the interpreter begins with the code. A failure
 * inside the task has the code as its type.
 */
export function describeFailure({
  message,
  applicationFailureInfo: info,
}: temporal.api.failure.v1.IFailure): Pick<WorkflowTaskState, 'code' | 'message'> {
  const text = message ?? '';
  const [, prefix, rest] = /^(\w+): (.*)$/s.exec(text) ?? [];
  for (const code of REFUSALS) {
    if (prefix === code) return { code, message: rest! };
    if (info?.type === code) return { code, message: text };
  }
  return { code: 'WorkflowTaskFailed', message: text };
}

/**
 * Whether a worker has done the first step of this execution: then its history has the result of an activity,
 * local or not, before anything except failures.
 */
export async function hasFirstStep(
  client: WorkflowClient,
  { workflowId, runId }: Pick<WorkflowExecutionDescription, 'workflowId' | 'runId'>,
): Promise<boolean> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: EVENTS_READ,
    });
    return (history?.events ?? []).some(
      ({ markerRecordedEventAttributes: marker, activityTaskCompletedEventAttributes: completed }) =>
        completed ?? (marker && !marker.failure),
    );
  } catch (error) {
    throw unreachable(error);
  }
}

/**
 * Reads from the end of the history how the last workflow task went. The server records the first of several
 * consecutive failures. If a query came with the task, the failure is recorded as a marker.
 */
async function lastTask(
  client: WorkflowClient,
  workflowId: string,
  runId: string,
): Promise<{ failure?: temporal.api.failure.v1.IFailure; worker?: string }> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: EVENTS_READ,
    });
    let worker: string | undefined;
    let failure: temporal.api.failure.v1.IFailure | undefined;
    for (const event of history?.events ?? []) {
      worker ??= event.workflowTaskStartedEventAttributes?.identity ?? undefined;
      const failed = event.workflowTaskFailedEventAttributes ?? event.markerRecordedEventAttributes;
      failure ??= failed?.failure ?? undefined;
      const isEarlier =
        event.workflowTaskCompletedEventAttributes ?? event.workflowTaskTimedOutEventAttributes;
      if (!failure ? isEarlier : worker !== undefined) break;
    }
    return { ...(failure && { failure }), ...(worker && { worker }) };
  } catch (error) {
    throw unreachable(error);
  }
}
