import type { Client } from '@temporalio/client';

const LIMIT_MS = 120_000;

/** Takes the first activity of a task queue like a worker that is then lost. */
export async function loseActivity(client: Client, taskQueue: string): Promise<void> {
  const taken = await client.withDeadline(Date.now() + LIMIT_MS, () =>
    client.workflowService.pollActivityTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      identity: 'soon lost',
    }),
  );
  if (!taken.activityId) throw new Error(`No activity came to task queue "${taskQueue}".`);
}
