import type { WorkflowClient } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { unreachable } from './connection-errors';

/** A worker asks for work at least once a minute; the server remembers one that is gone for five. */
const ALIVE_MS = 70_000;
/** TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW and …_ACTIVITY. */
const QUEUE_TYPES = { workflow: 1, activity: 2 } as const;
/** WorkerStatus.WORKER_STATUS_SHUTTING_DOWN and …_SHUTDOWN. */
const STOPPED: readonly unknown[] = [2, 3];

/** Who asks a task queue for work. */
export interface QueuePollers {
  /** Identities of the workers that have asked in the last 70 s and have not said since then that they stop. */
  readonly alive: readonly string[];
  /** When somebody last asked, in the last five minutes. */
  readonly lastPollAt?: number;
}

/**
 * Who polls a task queue. A worker that was killed counts as alive for 70 s: neither the server nor anybody else knows better
 * until its next poll is overdue. One that was stopped has said so, if its SDK and the server are recent enough.
 */
export async function pollersOf(
  client: WorkflowClient,
  taskQueue: string,
  kind: keyof typeof QUEUE_TYPES,
): Promise<QueuePollers> {
  const { namespace } = client.options;
  try {
    const [{ pollers }, stopped] = await Promise.all([
      client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: QUEUE_TYPES[kind],
      }),
      stoppedWorkers(client, taskQueue),
    ]);
    const polls = (pollers ?? []).map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      at: optionalTsToMs(lastAccessTime) ?? 0,
    }));
    const since = Date.now() - ALIVE_MS;
    const alive = polls.filter(({ identity, at }) => at >= since && at > (stopped.get(identity) ?? 0));
    return {
      alive: alive.map(({ identity }) => identity),
      ...(polls.length > 0 && { lastPollAt: Math.max(...polls.map(({ at }) => at)) }),
    };
  } catch (error) {
    throw unreachable(error);
  }
}

/**
 * When each worker of the task queue, by identity, said last that it stops; those with another worker of the same identity
 * beside them are left out.
 */
async function stoppedWorkers(
  client: WorkflowClient,
  taskQueue: string,
): Promise<ReadonlyMap<string, number>> {
  const stopped = new Map<string, number>();
  try {
    const { workersInfo } = await client.workflowService.listWorkers({
      namespace: client.options.namespace,
      query: `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`,
    });
    const running = new Set<string>();
    for (const { workerHeartbeat } of workersInfo ?? []) {
      const { workerIdentity, status, heartbeatTime } = workerHeartbeat ?? {};
      if (!workerIdentity) continue;
      const at = optionalTsToMs(heartbeatTime) ?? 0;
      if (STOPPED.includes(status))
        stopped.set(workerIdentity, Math.max(at, stopped.get(workerIdentity) ?? 0));
      else running.add(workerIdentity);
    }
    for (const identity of running) stopped.delete(identity);
  } catch {
    // An older server keeps no such list: then a stopped worker counts as alive until its next poll is overdue.
  }
  return stopped;
}
