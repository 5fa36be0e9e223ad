import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection, type Worker } from '@temporalio/worker';
import type { Connected } from '../client/selvage';
import { createWorker, type CreateWorkerOptions } from './create-worker';
import { toNativeOptions } from './native-connection';
import { quietRuntime } from './runtime-log';

const BEGIN_POLL_MS = 10;

type OptionsBeside = Omit<
  CreateWorkerOptions,
  'connection' | 'address' | 'namespace' | 'backends' | 'taskQueue'
>;

interface RunningWorker {
  readonly worker: Worker;
  /** Settles when it has ended, and never rejects: {@link WorkersBeside.ended} tells why. */
  readonly ended: Promise<void>;
  isLeaving: boolean;
}

/**
 * The workers of a client, in its process: one for each task queue, since a Temporal worker polls one. They share the connection and the
 * workflow bundle. Another queue costs about 45 MB and 130 ms.
 */
export class WorkersBeside {
  /** Resolves when the last worker has ended that was not told to {@link leave}; rejects if one could not go on. */
  readonly ended: Promise<void>;
  private readonly workers = new Map<string, RunningWorker>();
  private hasReconciled = false;
  private resolve!: () => void;
  private reject!: (error: unknown) => void;
  /** Present from the moment on at which it is to stop. */
  private stopped: Promise<void> | undefined;

  private constructor(
    private readonly connected: Connected,
    private readonly options: OptionsBeside,
    private readonly connection: NativeConnection,
  ) {
    this.ended = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever stops the workers hears of it; until then it must not end the process.
    this.ended.catch(() => {});
  }

  /** Starts workers on the client's server and backends, and returns when they poll. */
  static async start(
    connected: Connected,
    options: OptionsBeside,
    taskQueues: Iterable<string>,
  ): Promise<WorkersBeside> {
    quietRuntime(options.logger);
    const connection = await NativeConnection.connect(toNativeOptions(connected.connection));
    const workers = new WorkersBeside(connected, options, connection);
    try {
      for (const taskQueue of taskQueues) await workers.poll(taskQueue);
      return workers;
    } catch (error) {
      await workers.stop().catch(() => {});
      throw error;
    }
  }

  polls(taskQueue: string): boolean {
    return this.workers.has(taskQueue);
  }

  /** Works for a task queue, too; nothing happens if it does already. */
  async poll(taskQueue: string): Promise<void> {
    if (this.workers.has(taskQueue) || this.stopped) return;
    const worker = await createWorker({
      ...this.options,
      taskQueue,
      reconcile: !this.hasReconciled,
      connection: this.connection,
      namespace: this.connected.place.namespace,
      backends: this.connected.backends,
    });
    this.hasReconciled = true;
    const ended = worker.run().then(
      () => this.left(taskQueue),
      (error: unknown) => {
        this.reject(error);
        this.left(taskQueue);
      },
    );
    this.workers.set(taskQueue, { worker, ended, isLeaving: false });
  }

  /** Lets the running bodies of a task queue end, then polls it no more. */
  async leave(taskQueue: string): Promise<void> {
    const running = this.workers.get(taskQueue);
    if (!running) return;
    running.isLeaving = true;
    await shutDown(running);
  }

  /** Lets running bodies end, then stops; a second call waits for the same. */
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
  // One that has not begun yet cannot be told to stop, and would not end by itself.
  while (worker.getState() === 'INITIALIZED') await Promise.race([ended, delay(BEGIN_POLL_MS)]);
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await ended;
}
