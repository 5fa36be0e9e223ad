import type { WorkflowClient } from '@temporalio/client';
import { unreachable } from './connection-errors';
import { QUEUE_TYPES } from './pollers';

export interface Backlog {
  readonly taskQueue: string;
  readonly kind: keyof typeof QUEUE_TYPES;
  /** Approximate. */
  readonly tasks: number;
  /** Age of the oldest waiting activity; 0 if none waits. */
  readonly seconds: number;
}

/** The server's backlog, without knots that a worker starts itself (eager). @throws SelvageError `ServerUnreachable` */
export async function backlogOf(
  { workflowService, options: { namespace } }: WorkflowClient,
  taskQueue: string,
): Promise<Backlog[]> {
  const kinds = Object.keys(QUEUE_TYPES) as Backlog['kind'][];
  return await Promise.all(
    kinds.map(async (kind) => {
      try {
        const { stats } = await workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: QUEUE_TYPES[kind],
          reportStats: true,
        });
        const { seconds, nanos } = stats?.approximateBacklogAge ?? {};
        const age = Number(seconds ?? 0) + (nanos ?? 0) / 1e9;
        return { taskQueue, kind, tasks: Number(stats?.approximateBacklogCount ?? 0), seconds: age };
      } catch (error) {
        throw unreachable(error);
      }
    }),
  );
}
