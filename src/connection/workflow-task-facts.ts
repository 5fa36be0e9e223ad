import type { WorkflowClient, WorkflowExecutionDescription } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';
import { unreachable } from './connection-errors';
import type { WorkflowTaskFacts } from './explain/facts';
import { mayHaveFailed } from './explain/workflow-task';
import type { Pollers } from './pollers';
import { pinnedBuild } from './worker-builds';

type Task = NonNullable<WorkflowTaskFacts['task']>;

/** PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED. */
const STARTED = 2;
/** Number of read events, enough to find why the last workflow task failed, or whether the first one was done. */
const EVENTS_READ = 20;

/** @throws SelvageError `ServerUnreachable` */
export async function readWorkflowTask(
  client: WorkflowClient,
  pollers: Pollers,
  description: WorkflowExecutionDescription,
  hasBegun: boolean,
): Promise<WorkflowTaskFacts> {
  const { raw, taskQueue, status, workflowId, runId } = description;
  const isPaused = status.name === 'PAUSED';
  const pending = raw.pendingWorkflowTask;
  if (isPaused || !pending) return { taskQueue, isPaused };
  const scheduledAt = optionalTsToMs(pending.scheduledTime);
  const task: Task = {
    attempt: pending.attempt ?? 1,
    isStarted: (pending.state as unknown) === STARTED,
    since: optionalTsToMs(pending.originalScheduledTime) ?? scheduledAt,
    scheduledAt,
  };
  const [polled, last] = await Promise.all([
    task.isStarted ? undefined : pollers.of(taskQueue, 'workflow', pinnedBuild(description)),
    mayHaveFailed(task, hasBegun, Date.now()) ? lastTask(client, workflowId, runId) : undefined,
  ]);
  return { taskQueue, isPaused, task: { ...task, pollers: polled, ...(last && { last }) } };
}

/** Whether a run's history has the result of an activity, local or not, before anything except failures. */
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
 * Reads the result of the last workflow task from the end of the history. The server records the first of
 * several consecutive failures. If a query came with a failed task, the failure is a marker.
 */
async function lastTask(client: WorkflowClient, workflowId: string, runId: string): Promise<Task['last']> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: EVENTS_READ,
    });
    let worker: string | undefined;
    let failure: NonNullable<Task['last']>['failure'];
    for (const event of history?.events ?? []) {
      worker ??= event.workflowTaskStartedEventAttributes?.identity ?? undefined;
      const failed = event.workflowTaskFailedEventAttributes ?? event.markerRecordedEventAttributes;
      if (failed?.failure) failure ??= failureOf(failed.failure);
      const isEarlier =
        event.workflowTaskCompletedEventAttributes ?? event.workflowTaskTimedOutEventAttributes;
      if (!failure ? isEarlier : worker !== undefined) break;
    }
    return { ...(failure && { failure }), ...(worker && { worker }) };
  } catch (error) {
    throw unreachable(error);
  }
}

function failureOf({ message, applicationFailureInfo: info }: temporal.api.failure.v1.IFailure): {
  message: string;
  type?: string;
} {
  return { message: message ?? '', ...(typeof info?.type === 'string' && { type: info.type }) };
}
