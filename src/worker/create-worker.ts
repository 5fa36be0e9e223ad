import type { ConnectionOptions } from '@temporalio/client';
import { NativeConnection, type Worker, type WorkerOptions, type WorkerPlugin } from '@temporalio/worker';
import { notConnected, requireNamespace } from '../connection/connection-errors';
import { chosenServer } from '../connection/server-address';
import { taskQueuesOf } from '../plan';
import { SelvageError } from '../errors';
import { recordOf } from '../authoring';
import { refuseInBodyThread } from '../runtime';
import { defined } from '../values';
import { toNativeOptions } from './native-connection';
import { selvage, type SelvagePluginOptions } from './plugin';
import { quietRuntime } from './runtime-log';
import { createSharingWorker } from './shared-threads';
import { interpreterBundle } from './workflow-bundle';

export interface CreateWorkerOptions
  extends SelvagePluginOptions, Omit<WorkerOptions, 'taskQueue' | 'namespace' | 'plugins' | 'interceptors'> {
  /** Default: the tapestries' queue (their option `taskQueue`, else `selvage/<name>`), if they share one. */
  readonly taskQueue?: string;
  /**
   * `host:port` of the Temporal server, ignored with the option `connection`. Default: `TEMPORAL_ADDRESS`, else
   * `localhost:7233`. Credentials come from the environment: `TEMPORAL_API_KEY`, `TEMPORAL_TLS_…`, `TEMPORAL_PROFILE`.
   */
  readonly address?: string;
  /** Default: `TEMPORAL_NAMESPACE`, else `default`. */
  readonly namespace?: string;
  readonly plugins?: WorkerOptions['plugins'];
  readonly interceptors?: WorkerOptions['interceptors'];
}

/**
 * The defaults of {@link createWorker}, tuned for many short activities on a local server; also for `Worker.create`.
 * Eager reservations hand the next knot to the worker that completed the last, without the task queue.
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

const DEFAULT_ADDRESS = 'localhost:7233';

/**
 * A worker without a cache holds one workflow at a time. Further workflows that it polls wait inside the worker, and
 * time out after 10 s if the first workflow waits for them.
 */
const WITHOUT_CACHE = {
  maxConcurrentWorkflowTaskExecutions: 1,
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
} as const satisfies Partial<WorkerOptions>;

/**
 * Makes a Temporal worker with the {@link selvage} plugin and tuned defaults; any Temporal worker option overrides
 * them. `worker.run()` works until `worker.shutdown()`. On a shutdown, running bodies have 5 s to end, after which
 * their signals are aborted, and unfinished work continues in another worker. Warnings and errors of Temporal's SDK go
 * to `logger`, else to stderr. A connection opened here is closed with the worker.
 *
 * @throws SelvageError `ServerUnreachable`, `ServerRefused`, `InvalidAddress`, `UnknownNamespace`, `InvalidConfig`
 * (a key without TLS), `InvalidWorkerOptions` (several tapestries with different queues, and no `taskQueue`), and as
 * {@link selvage}
 */
export async function createWorker(options: CreateWorkerOptions): Promise<Worker> {
  refuseInBodyThread('createWorker()');
  const {
    tapestries,
    resources,
    backends,
    observers,
    emitters,
    logger,
    inlineLimit,
    encryption,
    leaseTtl,
    activityLimits,
    isFirst,
    watch,
    recentValues,
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
    // Only lists of workers show the history's identity.
    runHistoryIdentity: await backends?.runHistory.identity().catch(() => undefined),
    ...(observers && { observers }),
    ...(emitters !== undefined && { emitters }),
    ...(lines && { logger: lines }),
    ...(inlineLimit !== undefined && { inlineLimit }),
    ...(encryption !== undefined && { encryption }),
    ...(leaseTtl !== undefined && { leaseTtl }),
    ...(activityLimits && { activityLimits }),
    ...(isFirst !== undefined && { isFirst }),
    ...(watch && { watch }),
    ...(recentValues && { recentValues }),
  });
  const workerOptions = {
    ...tunedWorkerOptions,
    ...(others.maxCachedWorkflows === 0 && WITHOUT_CACHE),
    ...others,
    ...(!others.workflowBundle && !others.workflowsPath && { workflowBundle: await interpreterBundle() }),
    taskQueue: taskQueue === undefined ? onlyQueue(tapestries) : named(taskQueue),
    plugins: [...(plugins ?? []), plugin],
  };
  try {
    await plugin.openHosts(workerOptions.taskQueue);
    if (connection)
      return await createSharingWorker({ ...workerOptions, connection, ...(namespace && { namespace }) });
    return await connectedWorker(workerOptions, defined({ address, namespace: namespace || undefined }));
  } catch (error) {
    await plugin.closeHosts();
    throw error;
  }
}

async function connectedWorker(
  workerOptions: WorkerOptions & { readonly plugins: WorkerPlugin[] },
  choice: Pick<CreateWorkerOptions, 'address' | 'namespace'>,
): Promise<Worker> {
  const server = chosenServer(choice) ?? chosenServer({ ...choice, address: DEFAULT_ADDRESS })!;
  const own = await connect(server.connection, server.address);
  try {
    await requireNamespace(own, server.namespace, server.address);
    return await createSharingWorker({
      ...workerOptions,
      connection: own,
      namespace: server.namespace,
      plugins: [closing(own), ...workerOptions.plugins],
    });
  } catch (error) {
    await own.close();
    throw error;
  }
}

function named(taskQueue: string): string {
  if (taskQueue !== '') return taskQueue;
  throw new SelvageError(
    'InvalidWorkerOptions',
    'The task queue of the worker is an empty text. Name one, or omit it to use the queue of the tapestries.',
    { details: { taskQueues: [taskQueue] } },
  );
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
          '`taskQueue`, make a worker for each, or give the worker a `taskQueue`.',
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
