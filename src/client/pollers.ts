import { hostname } from 'node:os';
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

/** Says who polls a task queue. */
export class Pollers {
  /**
   * @param isOwnServer whether the server is this project's embedded one, so that all its workers are processes of this machine: then a worker
   *   that was killed is known to be gone at once
   */
  constructor(
    private readonly client: WorkflowClient,
    private readonly isOwnServer: boolean,
  ) {}

  /**
   * Elsewhere than on the embedded server, a worker that was killed counts as alive for 70 s: neither the server nor anybody else knows better
   * until its next poll is overdue. One that was stopped has said so, if its SDK and the server are recent enough.
   *
   * @throws SelvageError `ServerUnreachable`
   */
  async of(taskQueue: string, kind: keyof typeof QUEUE_TYPES): Promise<QueuePollers> {
    const { client } = this;
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
      const alive = polls.filter(
        ({ identity, at }) =>
          at >= since &&
          at > (stopped.get(identity) ?? 0) &&
          !(this.isOwnServer && isOfDeadProcess(identity)),
      );
      return {
        alive: alive.map(({ identity }) => identity),
        ...(polls.length > 0 && { lastPollAt: Math.max(...polls.map(({ at }) => at)) }),
      };
    } catch (error) {
      throw unreachable(error);
    }
  }

  /** As {@link areThere}, where that is certain: false where a worker may have been killed without anybody's knowing. */
  async areSurelyThere(taskQueue: string): Promise<boolean> {
    return this.isOwnServer && (await this.areThere(taskQueue));
  }

  /** Whether somebody works for a run on this task queue: takes both its steps and its knots. */
  async areThere(
    taskQueue: string,
    kinds: readonly (keyof typeof QUEUE_TYPES)[] = ['workflow', 'activity'],
  ): Promise<boolean> {
    for (const kind of kinds) {
      const { alive } = await this.of(taskQueue, kind);
      if (alive.length === 0) return false;
    }
    return true;
  }
}

/** Whether an identity is the default one of a worker of this machine, `<pid>@<host>`, and that process is gone. */
function isOfDeadProcess(identity: string): boolean {
  const [, pid, host] = /^(\d+)@(.+)$/.exec(identity) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
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
