import type { WorkflowClient, WorkflowExecutionDescription } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { unreachable } from './connection-errors';
import { pollersOf } from './pollers';
import { nobodyTakes } from './why-waiting';
import type { StepCode, WaitingStep } from './waiting';

/** PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED. */
const STARTED = 2;
/** A step takes milliseconds; one that takes longer waits for something. */
const LONG_STEP_MS = 5_000;
/** The end of the history that says why a workflow task has failed, and the beginning that says whether the first one was done. */
const EVENTS_READ = 20;

/**
 * What the interpreter throws where its worker cannot do a step, by its text: the failure of a workflow task says no more. The
 * texts stand in `src/activities/system-activities.ts` and `src/workflows/behaviours.ts`.
 */
const KNOWN_FAILURES: readonly (readonly [RegExp, StepCode])[] = [
  [/has not registered a tapestry/, 'UnknownTapestry'],
  [/was begun by a newer Selvage/, 'NewerRun'],
];

/** Why the interpreter has not taken its next step; undefined where it has nothing to do or is about to do it. */
export async function nextStep(
  client: WorkflowClient,
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
    const pollers = await pollersOf(client, taskQueue, 'workflow');
    const polled = pollers.lastPollAt === undefined ? {} : { lastPollAt: pollers.lastPollAt };
    const nobody = nobodyTakes(taskQueue, optionalTsToMs(task.scheduledTime), pollers, now);
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
  if (failure !== undefined) return { code: stepCode(failure), message: failure, ...at };
  if (attempt > 1) {
    const message = 'its last attempt ended without a word: its worker was lost or too slow';
    return { code: 'StepFailed', message, ...at };
  }
  if (!isStarted) return undefined;
  const message = `worker ${worker ?? 'unknown'} is at it; where it waits for a backend, its log says so`;
  return { code: 'StepRunning', message, ...at };
}

export function stepCode(message: string): StepCode {
  return KNOWN_FAILURES.find(([pattern]) => pattern.test(message))?.[1] ?? 'StepFailed';
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
): Promise<{ failure?: string; worker?: string }> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: EVENTS_READ,
    });
    let worker: string | undefined;
    let failure: string | undefined;
    for (const event of history?.events ?? []) {
      worker ??= event.workflowTaskStartedEventAttributes?.identity ?? undefined;
      const failed = event.workflowTaskFailedEventAttributes ?? event.markerRecordedEventAttributes;
      failure ??= failed?.failure?.message ?? undefined;
      const isEarlier =
        event.workflowTaskCompletedEventAttributes ?? event.workflowTaskTimedOutEventAttributes;
      if (failure === undefined ? isEarlier : worker !== undefined) break;
    }
    return { ...(failure !== undefined && { failure }), ...(worker && { worker }) };
  } catch (error) {
    throw unreachable(error);
  }
}
