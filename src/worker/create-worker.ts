import type { ConnectionOptions } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions, type WorkerPlugin } from '@temporalio/worker';
import { notConnected, requireNamespace } from '../client/connection-errors';
import { chosenServer } from '../client/server-address';
import { taskQueuesOf } from '../engine';
import { SelvageError } from '../errors';
import { recordOf } from '../model';
import { toNativeOptions } from './native-connection';
import { selvage, type SelvagePluginOptions } from './plugin';
import { quietRuntime } from './runtime-log';

export interface CreateWorkerOptions
  extends SelvagePluginOptions, Omit<WorkerOptions, 'taskQueue' | 'namespace' | 'plugins' | 'interceptors'> {
  /** Default: that of the tapestries (their option `queue`, else `selvage/<name>`), if they have one alone. */
  readonly taskQueue?: string;
  /**
   * `host:port` of the Temporal server. Ignored where `connection` is given. Default: `TEMPORAL_ADDRESS`, with what else the
   * environment says of the connection, else `localhost:7233`.
   */
  readonly address?: string;
  /** Default: `TEMPORAL_NAMESPACE`, else `default`. */
  readonly namespace?: string;
  readonly plugins?: WorkerOptions['plugins'];
  readonly interceptors?: WorkerOptions['interceptors'];
}

/**
 * The defaults of {@link createWorker}, tuned for many short activities on a local server; a worker that is made by
 * `Worker.create` can take them over. Eager reservations hand the next knot to the worker that completed the last, without
 * a turn through the task queue.
 */
export const tunedWorkerOptions = {
  maxEagerActivityReservationsPerWorkflowTask: 1_000,
  maxConcurrentActivityTaskExecutions: 1_000,
  maxConcurrentLocalActivityExecutions: 1_000,
  maxConcurrentWorkflowTaskExecutions: 200,
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 40 },
  activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 40 },
  shutdownGraceTime: 5_000,
} as const satisfies Partial<WorkerOptions>;

/**
 * A worker without a cache has room for one workflow at a time: what it polls beside that waits in it, and times out after 10 s
 * where the first one waits for the second.
 */
const WITHOUT_CACHE = {
  maxConcurrentWorkflowTaskExecutions: 1,
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
} as const satisfies Partial<WorkerOptions>;

/**
 * A Temporal worker with the {@link selvage} plugin and tuned defaults; every option of a Temporal worker overrides them.
 * `worker.run()` works until `worker.shutdown()`: running bodies have 5 s to end, then their signals are aborted, and
 * what has not ended goes on in another worker. Temporal's SDK is kept quiet: its warnings and errors go to `logger`, else to stderr. A connection that was opened here is closed with the worker.
 *
 * @throws SelvageError `ServerUnreachable`, `ServerRefused`, `InvalidAddress`, `UnknownNamespace`, `InvalidWorkerOptions` (several tapestries
 *   with different queues, and no `taskQueue`), and as {@link selvage}
 */
export async function createWorker(options: CreateWorkerOptions): Promise<Worker> {
  const {
    tapestries,
    resources,
    backends,
    observers,
    logger,
    inlineLimit,
    encryption,
    leaseTtl,
    activityLimits,
    reconcile,
    address,
    plugins,
    connection,
    namespace,
    taskQueue,
    ...others
  } = options;
  const lines = quietRuntime(logger);
  const plugin = selvage({
    tapestries,
    ...(resources && { resources }),
    ...(backends && { backends }),
    ...(observers && { observers }),
    ...(lines && { logger: lines }),
    ...(inlineLimit !== undefined && { inlineLimit }),
    ...(encryption !== undefined && { encryption }),
    ...(leaseTtl !== undefined && { leaseTtl }),
    ...(activityLimits && { activityLimits }),
    ...(reconcile !== undefined && { reconcile }),
  });
  const workerOptions = {
    ...tunedWorkerOptions,
    ...(others.maxCachedWorkflows === 0 && WITHOUT_CACHE),
    ...others,
    taskQueue: taskQueue ?? onlyQueue(tapestries),
    plugins: [...(plugins ?? []), plugin],
  };
  if (connection)
    return await Worker.create({ ...workerOptions, connection, ...(namespace && { namespace }) });
  const server = chosenServer({ ...(address && { address }), ...(namespace && { namespace }) });
  const place = server?.address ?? 'localhost:7233';
  const own = await connect(server?.connection ?? {}, place);
  const chosenNamespace = server?.namespace ?? namespace ?? process.env['TEMPORAL_NAMESPACE'] ?? 'default';
  try {
    await requireNamespace(own, chosenNamespace, place);
    return await Worker.create({
      ...workerOptions,
      connection: own,
      namespace: chosenNamespace,
      plugins: [closing(own), ...workerOptions.plugins],
    });
  } catch (error) {
    await own.close();
    throw error;
  }
}

/** A Temporal worker polls one task queue. */
function onlyQueue(tapestries: SelvagePluginOptions['tapestries']): string {
  const queues = taskQueuesOf(tapestries.map((tapestry) => recordOf(tapestry)));
  const [queue] = queues;
  if (queue !== undefined && queues.length === 1) return queue;
  throw new SelvageError(
    'InvalidWorkerOptions',
    queue === undefined
      ? 'The worker has no tapestry and no task queue. Give it either.'
      : `The tapestries of the worker have the task queues ${queues.join(', ')}, and a Temporal worker polls one. Give the tapestries one ` +
          '`queue`, make a worker for each, or say `taskQueue`.',
    { details: { taskQueues: queues } },
  );
}

async function connect(options: ConnectionOptions, address: string): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({ ...toNativeOptions(options), address });
  } catch (error) {
    throw await notConnected(error, address);
  }
}

/** Closes a connection when the worker that it was opened for has ended. */
function closing(connection: NativeConnection): WorkerPlugin {
  return {
    name: 'selvage.connection',
    async runWorker(worker, next) {
      try {
        await next(worker);
      } finally {
        await connection.close();
      }
    },
  };
}
