import type { WorkflowClient, WorkflowExecutionDescription } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';
import { unreachable } from './connection-errors';
import type { Pollers } from './pollers';
import { nobodyTakes } from './why-waiting';
import type { StepCode, WaitingStep } from './waiting';

/** PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED. */
const STARTED = 2;
/** A step takes milliseconds; one that takes longer waits for something. */
const LONG_STEP_MS = 5_000;
/** The end of the history that says why a workflow task has failed, and the beginning that says whether the first one was done. */
const EVENTS_READ = 20;

/** What the interpreter refuses where its worker cannot do a step. */
const REFUSALS: readonly StepCode[] = [
  'UnknownTapestry',
  'BackendsDiffer',
  'InlineLimitDiffers',
  'HistoryTooNew',
];

/** Why the interpreter has not taken its next step; undefined where it has nothing to do or is about to do it. */
export async function nextStep(
  client: WorkflowClient,
  pollers: Pollers,
  { raw, taskQueue, status, workflowId, runId }: WorkflowExecutionDescription,
  hasBegun: boolean,
): Promise<WaitingStep | undefined> {
  if (status.name === 'PAUSED')
    return { code: 'Paused', message: 'an operator has paused the run in Temporal', taskQueue };
  const task = raw.pendingWorkflowTask;
  if (!task) return undefined;
  const now = Date.now();
  const since = optionalTsToMs(task.originalScheduledTime) ?? optionalTsToMs(task.scheduledTime);
  const attempt = task.attempt ?? 1;
  const common = { taskQueue, attempt, ...(since !== undefined && { since }) };
  const isStarted = (task.state as unknown) === STARTED;
  if (!isStarted) {
    const who = await pollers.of(taskQueue, 'workflow');
    const polled = who.lastPollAt === undefined ? {} : { lastPollAt: who.lastPollAt };
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
    return { code: 'StepFailed', message, ...at };
  }
  if (!isStarted) return undefined;
  const message = `worker ${worker ?? 'unknown'} is at it; where it waits for a backend, its log says so`;
  return { code: 'StepRunning', message, ...at };
}

/**
 * Of a failed workflow task Temporal keeps a text alone, which the interpreter begins with the code; what has failed in the task
 * has the code as its type.
 */
export function describeFailure({
  message,
  applicationFailureInfo: info,
}: temporal.api.failure.v1.IFailure): Pick<WaitingStep, 'code' | 'message'> {
  const text = message ?? '';
  const [, prefix, rest] = /^(\w+): (.*)$/s.exec(text) ?? [];
  for (const code of REFUSALS) {
    if (prefix === code) return { code, message: rest! };
    if (info?.type === code) return { code, message: text };
  }
  return { code: 'StepFailed', message: text };
}

/**
 * Whether a worker has done the first step of this execution: the answer of a local activity is in its history, as the first
 * thing beside what failed.
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
      ({ markerRecordedEventAttributes: marker }) => marker && !marker.failure,
    );
  } catch (error) {
    throw unreachable(error);
  }
}

/**
 * What the end of the history says of the last workflow task. The server writes down the first failure of several in a row, and
 * where a query came with the task, what has failed in it is there as a marker.
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
