import { nobodyPolls } from './nobody-polls';
import type { WaitingKnot } from './waiting';
import type { PendingActivity, QueuePollers, UnbegunFacts } from './facts';

/** An idle worker takes queued work at once, so work this old has no free worker. */
const UNTAKEN_MS = 5_000;
/** Workers send heartbeats every 5 s. After 30 s without a heartbeat, the server considers a worker lost. */
const SILENT_MS = 15_000;

export type Reason = Omit<WaitingKnot, 'knotId'>;

export function reasonOfActivity(
  activity: PendingActivity,
  facts: Pick<UnbegunFacts, 'pollers' | 'now'>,
): Reason {
  const { attempt, taskQueue, worker, startedAt, scheduledAt, lastFailure } = activity;
  const common = { attempt, taskQueue, worker };
  const since = (time: number | undefined): { since?: number } => (time === undefined ? {} : { since: time });
  switch (activity.state) {
    case 'paused':
      return {
        state: 'paused',
        reason: { code: 'Paused', message: 'an operator has paused it in Temporal' },
        ...common,
      };
    case 'cancelling':
      return {
        state: 'running',
        reason: { code: 'Cancelling', message: `is asked to end, on worker ${worker}` },
        ...common,
        ...since(startedAt),
      };
    case 'started': {
      const beat = lastBeat(activity);
      return {
        state: 'running',
        reason: { code: 'Running', message: runningMessage(activity, facts.now) },
        ...common,
        ...since(startedAt),
        ...(beat !== undefined && { lastHeartbeatAt: beat }),
      };
    }
    case 'scheduled': {
      const pollers = facts.pollers.get(taskQueue);
      const nobody = isDue(activity, facts.now) && nobodyTakes(taskQueue, scheduledAt, pollers, facts.now);
      const polled = pollers?.lastPollAt === undefined ? {} : { lastPollAt: pollers.lastPollAt };
      if (nobody)
        return {
          state: 'queued',
          reason: { code: 'NoWorker', message: nobody },
          ...common,
          ...since(scheduledAt),
          ...polled,
        };
      if (lastFailure) {
        const nextAttemptAt = activity.nextAttemptAt ?? scheduledAt;
        const { code, message } = lastFailure;
        const isLimited = code === 'LimitReached' || code === 'ValueInProgress';
        return {
          // A knot that waits for one of its limits has no failure to be retried.
          state: isLimited ? 'queued' : 'retrying',
          reason: isLimited ? { code, message: message.replace(/^Knot ".*?" |\.$/g, '') } : lastFailure,
          ...common,
          nextAttemptAt,
        };
      }
      return {
        state: 'queued',
        reason: { code: 'Queued', message: `waits for a free worker of task queue "${taskQueue}"` },
        ...common,
        ...since(scheduledAt),
        ...polled,
      };
    }
  }
}

function runningMessage(activity: PendingActivity, now: number): string {
  const { worker, attempt, lastFailure, startedAt } = activity;
  const heard = lastBeat(activity) ?? startedAt;
  const isSilent = heard !== undefined && now - heard > SILENT_MS;
  return (
    `runs on worker ${worker}` +
    (isSilent ? ', which has not been heard of lately and may be gone' : '') +
    (attempt > 1 && lastFailure ? `; the attempt before: ${lastFailure.message}` : '')
  );
}

/** The task queues of pending activities that an idle worker would take at once. */
export function dueQueues(activities: readonly PendingActivity[], now: number): readonly string[] {
  return [
    ...new Set(activities.filter((activity) => isDue(activity, now)).map(({ taskQueue }) => taskQueue)),
  ];
}

export function isDue({ state, nextAttemptAt }: PendingActivity, now: number): boolean {
  return state === 'scheduled' && (nextAttemptAt === undefined || nextAttemptAt <= now);
}

/** Says that no worker takes an activity; undefined if one may at any moment. Workers too busy to poll look gone. */
export function nobodyTakes(
  taskQueue: string,
  scheduledAt: number | undefined,
  pollers: QueuePollers | undefined,
  now: number,
): string | undefined {
  if (!pollers) return undefined;
  if (pollers.alive.length === 0) return nobodyPolls(taskQueue, pollers);
  const isUntaken =
    scheduledAt !== undefined && now - scheduledAt > UNTAKEN_MS && (pollers.lastPollAt ?? 0) < scheduledAt;
  if (!isUntaken) return undefined;
  const { builds } = pollers;
  return builds
    ? `${builds.wanted}, asks task queue "${taskQueue}" for work: those that did are busy or gone; there are ${builds.others}`
    : `no worker asks task queue "${taskQueue}" for work: those that did are busy or gone`;
}

/** The last heartbeat of the current attempt. */
function lastBeat({ lastHeartbeatAt, startedAt = 0 }: PendingActivity): number | undefined {
  return lastHeartbeatAt !== undefined && lastHeartbeatAt > startedAt ? lastHeartbeatAt : undefined;
}
