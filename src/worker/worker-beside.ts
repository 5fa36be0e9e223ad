import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { RecentValues } from '../activities';
import type { Connected } from '../connection/connect';
import type { OwnWorkerOptions, OwnWorkers, StartWorkers } from '../connection/own-workers';
import { budgetsOfAQueue } from './budgets';
import { createWorker } from './create-worker';
import { toNativeOptions } from './native-connection';
import { quietRuntime } from './runtime-log';

const BEGIN_POLL_MS = 10;

interface RunningWorker {
  readonly worker: Worker;
  /** The promise settles when the worker has ended, and never rejects. {@link WorkersBeside.ended} has the error. */
  readonly ended: Promise<void>;
  isLeaving: boolean;
}

/**
 * The workers of a client, in its process: one per task queue, since a Temporal worker polls one. All these workers
 * share the connection, the workflow threads and the budgets of the process.
 */
class WorkersBeside implements OwnWorkers {
  readonly ended: Promise<void>;
  private readonly workers = new Map<string, RunningWorker>();
  private readonly recentValues = new RecentValues();
  private hasFirst = false;
  private resolve!: () => void;
  private reject!: (error: unknown) => void;
  private stopped: Promise<void> | undefined;

  private constructor(
    private readonly connected: Connected,
    private readonly options: OwnWorkerOptions,
    private readonly connection: NativeConnection,
    private readonly budgets: Partial<OwnWorkerOptions>,
  ) {
    this.ended = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // The caller of `stop` gets the error; until then the rejection must not end the process.
    this.ended.catch(() => {});
  }

  static async start(
    connected: Connected,
    options: OwnWorkerOptions,
    taskQueues: Iterable<string>,
  ): Promise<WorkersBeside> {
    quietRuntime(options.logger);
    const connection = await NativeConnection.connect(toNativeOptions(connected.connection));
    const queues = [...taskQueues];
    const budgets = budgetsOfAQueue(options, queues.length);
    const workers = new WorkersBeside(connected, options, connection, budgets);
    try {
      for (const taskQueue of queues) await workers.poll(taskQueue);
      return workers;
    } catch (error) {
      await workers.stop().catch(() => {});
      throw error;
    }
  }

  get taskQueues(): readonly string[] {
    return [...this.workers.keys()];
  }

  polls(taskQueue: string): boolean {
    return this.workers.has(taskQueue);
  }

  async poll(taskQueue: string): Promise<void> {
    if (this.workers.has(taskQueue) || this.stopped) return;
    const worker = await createWorker({
      ...this.options,
      ...this.budgets,
      taskQueue,
      isFirst: !this.hasFirst,
      // The client delivers, however many workers it has.
      emitters: false,
      connection: this.connection,
      namespace: this.connected.place.namespace,
      backends: this.connected.backends,
      recentValues: this.recentValues,
    });
    this.hasFirst = true;
    const ended = worker.run().then(
      () => this.left(taskQueue),
      (error: unknown) => {
        this.reject(error);
        this.left(taskQueue);
      },
    );
    this.workers.set(taskQueue, { worker, ended, isLeaving: false });
  }

  async leave(taskQueue: string): Promise<void> {
    const running = this.workers.get(taskQueue);
    if (!running) return;
    running.isLeaving = true;
    await shutDown(running);
  }

  stop(): Promise<void> {
    return (this.stopped ??= this.end());
  }

  private async end(): Promise<void> {
    await Promise.all([...this.workers.values()].map(shutDown));
    await this.connection.close();
    this.resolve();
    await this.ended;
  }

  private left(taskQueue: string): void {
    const isTold = this.workers.get(taskQueue)?.isLeaving === true;
    this.workers.delete(taskQueue);
    if (!isTold && this.workers.size === 0) this.resolve();
  }
}

async function shutDown({ worker, ended }: RunningWorker): Promise<void> {
  // A worker that has not begun yet cannot be stopped, and would not end by itself.
  while (worker.getState() === 'INITIALIZED') await Promise.race([ended, delay(BEGIN_POLL_MS)]);
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await ended;
}

export const startWorkers: StartWorkers = (...connection) => WorkersBeside.start(...connection);
