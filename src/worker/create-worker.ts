import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { DEFAULT_TASK_QUEUE } from '../client/defaults';
import { selvage, type SelvagePluginOptions } from './plugin';

export interface CreateWorkerOptions
  extends SelvagePluginOptions, Omit<WorkerOptions, 'taskQueue' | 'plugins' | 'interceptors'> {
  /** Default `selvage`. */
  readonly taskQueue?: string;
  /** `host:port` of the Temporal server. Ignored where `connection` is given. Default: `TEMPORAL_ADDRESS`, else the SDK's own. */
  readonly address?: string;
  readonly plugins?: WorkerOptions['plugins'];
  readonly interceptors?: WorkerOptions['interceptors'];
}

/**
 * What the defaults of a worker are tuned for: many short activities on a local server. Eager reservations hand the next
 * knot to the worker that completed the last, without a turn through the task queue.
 */
const TUNED: Partial<WorkerOptions> = {
  maxEagerActivityReservationsPerWorkflowTask: 1_000,
  maxConcurrentActivityTaskExecutions: 1_000,
  maxConcurrentWorkflowTaskExecutions: 200,
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 40 },
  activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 40 },
  shutdownGraceTime: 5_000,
};

/**
 * A Temporal worker with the {@link selvage} plugin and tuned defaults; every option of a Temporal worker overrides them.
 * `worker.run()` works until `worker.shutdown()`: running bodies have 5 s to end, then their signals are aborted, and
 * what has not ended goes on in another worker.
 */
export async function createWorker(options: CreateWorkerOptions): Promise<Worker> {
  const {
    tapestries,
    resources,
    backends,
    observers,
    inlineLimit,
    address,
    plugins,
    connection,
    taskQueue,
    ...others
  } = options;
  const plugin = selvage({
    tapestries,
    ...(resources && { resources }),
    ...(backends && { backends }),
    ...(observers && { observers }),
    ...(inlineLimit !== undefined && { inlineLimit }),
  });
  return await Worker.create({
    ...TUNED,
    ...others,
    taskQueue: taskQueue ?? DEFAULT_TASK_QUEUE,
    connection: connection ?? (await NativeConnection.connect(addressOf(address))),
    plugins: [...(plugins ?? []), plugin],
  });
}

function addressOf(address: string | undefined): { address?: string } {
  const chosen = address ?? process.env['TEMPORAL_ADDRESS'];
  return chosen ? { address: chosen } : {};
}
