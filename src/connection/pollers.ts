import { hostname } from 'node:os';
import type { WorkflowClient } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { UNIMPLEMENTED, grpcCode, unreachable } from './connection-errors';
import { buildOf, wantedBuild, wordsOf } from './worker-builds';
import type { QueuePollers } from './explain/facts';

/** A worker polls at least once a minute; the server remembers one that is gone for five. */
export const ALIVE_MS = 70_000;
/** TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW and …_ACTIVITY. */
export const QUEUE_TYPES = { workflow: 1, activity: 2 } as const;
const SHOWN_BUILDS = 5;
/** WorkerStatus.WORKER_STATUS_SHUTTING_DOWN and …_SHUTDOWN. */
const STOPPED: readonly unknown[] = [2, 3];

/** Finds the workers that poll a task queue. */
export class Pollers {
  /** @param isOwnServer embedded: workers run on this machine, and a killed one is noticed at once */
  constructor(
    private readonly client: WorkflowClient,
    private readonly isOwnServer: boolean,
  ) {}

  /**
   * Except on the embedded server, a killed worker counts as alive for 70 s, until its next poll is overdue.
   * A stopped worker has announced its stop, if its SDK and the server are recent enough.
   *
   * @param pinned the build that a run is pinned to (see `pinnedBuild`)
   * @returns undefined if the server cannot tell, as Temporal's time-skipping test server
   * @throws SelvageError `ServerUnreachable`
   */
  async of(
    taskQueue: string,
    kind: keyof typeof QUEUE_TYPES,
    pinned?: string,
  ): Promise<QueuePollers | undefined> {
    const { client } = this;
    const { namespace } = client.options;
    try {
      const [{ pollers, versioningInfo }, stopped] = await Promise.all([
        client.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: QUEUE_TYPES[kind],
        }),
        stoppedWorkers(client, taskQueue),
      ]);
      const all = (pollers ?? []).map((poller) => ({
        identity: poller.identity ?? '',
        at: optionalTsToMs(poller.lastAccessTime) ?? 0,
        build: buildOf(poller),
      }));
      const since = Date.now() - ALIVE_MS;
      const allAlive = all.filter(
        ({ identity, at }) =>
          at >= since &&
          at > (stopped.get(identity) ?? 0) &&
          !(this.isOwnServer && isOfDeadProcess(identity)),
      );
      const wanted = wantedBuild(versioningInfo, pinned);
      const isWanted = ({ build }: { readonly build: string }): boolean =>
        wanted === undefined || build === wanted.name;
      const alive = allAlive.filter(isWanted);
      const polls = all.filter(isWanted);
      const others = [
        ...new Set(allAlive.filter((poller) => !isWanted(poller)).map(({ build }) => wordsOf(build))),
      ].sort();
      return {
        alive: alive.map(({ identity }) => identity),
        ...(polls.length > 0 && { lastPollAt: Math.max(...polls.map(({ at }) => at)) }),
        ...(wanted && others.length > 0 && { builds: { wanted: wanted.words, others: listed(others) } }),
      };
    } catch (error) {
      if (grpcCode(error) === UNIMPLEMENTED) return undefined;
      throw unreachable(error);
    }
  }

  /** Finds the pollers of several task queues, and asks about each queue once. */
  cached(): Pollers {
    const known = new Map<string, Promise<QueuePollers | undefined>>();
    const of: Pollers['of'] = (...queue) => {
      const key = JSON.stringify(queue);
      let answer = known.get(key);
      if (!answer) known.set(key, (answer = this.of(...queue)));
      return answer;
    };
    return Object.assign(new Pollers(this.client, this.isOwnServer), { of });
  }

  /** Like {@link areThere}; false if a worker may have been killed unnoticed. */
  async areSurelyThere(taskQueue: string): Promise<boolean> {
    return this.isOwnServer && (await this.areThere(taskQueue));
  }

  /** Whether workers poll the task queue for all of these kinds; also true if the server cannot tell. */
  async areThere(
    taskQueue: string,
    kinds: readonly (keyof typeof QUEUE_TYPES)[] = ['workflow', 'activity'],
    pinned?: string,
  ): Promise<boolean> {
    for (const kind of kinds) {
      const pollers = await this.of(taskQueue, kind, pinned);
      if (pollers?.alive.length === 0) return false;
    }
    return true;
  }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_BUILDS);
  return `${shown.join(' and ')}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ''}`;
}

/** Whether an identity is the default one, `<pid>@<host>`, of a worker on this machine whose process is gone. */
export function isOfDeadProcess(identity: string): boolean {
  const [, pid, host] = /^(\d+)@(.+)$/.exec(identity) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** When each worker last announced its stop, by identity. Excludes identities of running workers. */
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
    // An older server has no list of workers: a stopped worker counts as alive until its next poll is overdue.
  }
  return stopped;
}
