import type { Selvage } from '../client';
import { SelvageError } from '../errors';

/** TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW and …_ACTIVITY. */
const QUEUE_TYPES = [1, 2] as const;
/** A worker asks for work at least once a minute; the server remembers one that is gone for five. */
const ALIVE_MS = 70_000;

/**
 * Makes sure that somebody works for what is about to be started.
 *
 * @throws SelvageError `NoWorker`
 */
export async function requireWorker(selvage: Selvage): Promise<void> {
  const { taskQueue, place, client } = selvage;
  const since = Date.now() - ALIVE_MS;
  for (const taskQueueType of QUEUE_TYPES) {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: place.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType,
    });
    const isPolled = pollers?.some(
      ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since,
    );
    if (isPolled) continue;
    throw new SelvageError(
      'NoWorker',
      `Nothing polls the task queue "${taskQueue}" at ${place.address}, so that a detached run would not begin. Start ` +
        '`selvage worker FILE` or `selvage dev FILE` first, or leave out --detach.',
      { details: { taskQueue, address: place.address } },
    );
  }
}
