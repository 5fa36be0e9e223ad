import { isErrorCode } from '../../errors';
import { SYSTEM_ACTIVITIES } from '../../workflows/messages';
import { isDue, nobodyTakes } from './activity-reason';
import type { UnbegunFacts, WorkflowTaskFacts } from './facts';
import type { WorkflowTaskCode, WorkflowTaskState } from './waiting';

const LONG_STEP_MS = 5_000;

/** Codes with which the interpreter refuses a step that its worker cannot do. */
const REFUSALS: readonly WorkflowTaskCode[] = [
  'UnknownTapestry',
  'BackendsDiffer',
  'InlineLimitDiffers',
  'HistoryTooNew',
];

/** Says why a workflow task is not done; undefined if the interpreter has nothing to do or is about to do it. */
export function explainWorkflowTask(facts: UnbegunFacts, hasBegun: boolean): WorkflowTaskState | undefined {
  return reasonOfCalls(facts) ?? taskReason(facts.workflowTask, hasBegun, facts.now);
}

type Task = NonNullable<WorkflowTaskFacts['task']>;

/** Whether the history must be read for the result of the last attempt. */
export function mayHaveFailed(task: Task, hasBegun: boolean, now: number): boolean {
  return task.attempt > 1 || (task.isStarted && (!hasBegun || isLong(task, now)));
}

const isLong = ({ isStarted, since }: Task, now: number): boolean =>
  isStarted && now - (since ?? now) > LONG_STEP_MS;

export function taskReason(
  { taskQueue, isPaused, task }: WorkflowTaskFacts,
  hasBegun: boolean,
  now: number,
): WorkflowTaskState | undefined {
  if (isPaused) return { code: 'Paused', message: 'an operator has paused the run in Temporal', taskQueue };
  if (!task) return undefined;
  const { attempt, since, scheduledAt, isStarted, pollers, last = {} } = task;
  const common = { taskQueue, attempt, since };
  if (!isStarted) {
    const polled = pollers?.lastPollAt === undefined ? {} : { lastPollAt: pollers.lastPollAt };
    const nobody = nobodyTakes(taskQueue, scheduledAt, pollers, now);
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
  if (!mayHaveFailed(task, hasBegun, now)) return undefined;
  const { failure, worker } = last;
  const at = { ...common, ...(worker !== undefined && { worker }) };
  if (failure) return { ...failureReason(failure), ...at };
  if (attempt > 1) {
    const message = 'its last attempt ended without a word: its worker was lost or too slow';
    return { code: 'WorkflowTaskFailed', message, ...at };
  }
  return { code: 'WorkflowTaskRunning', message: isAtIt(worker), ...at };
}

const isAtIt = (worker = 'unknown'): string => `worker ${worker} is at it`;

/** The interpreter's own calls to a worker, if one has failed or no worker takes it. */
function reasonOfCalls({ activities, pollers, now }: UnbegunFacts): WorkflowTaskState | undefined {
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

/** Temporal keeps a text, which the interpreter begins with the code; a failure inside has the code as its type. */
function failureReason({
  message,
  type,
}: NonNullable<NonNullable<Task['last']>['failure']>): Pick<WorkflowTaskState, 'code' | 'message'> {
  const [, prefix, rest] = /^(\w+): (.*)$/s.exec(message) ?? [];
  for (const code of REFUSALS) {
    if (prefix === code) return { code, message: rest! };
    if (type === code) return { code, message };
  }
  return { code: 'WorkflowTaskFailed', message };
}
