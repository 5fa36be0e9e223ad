import { availableParallelism } from 'node:os';
import {
  UnexpectedError,
  Worker,
  type CompiledWorkerOptions,
  type Logger,
  type WorkerOptions,
} from '@temporalio/worker';
import type {
  Workflow,
  WorkflowCreateOptions,
  WorkflowCreator,
} from '@temporalio/worker/lib/workflow/interface';
import type { WorkflowBundleWithSourceMapAndFilename as Bundle } from '@temporalio/worker/lib/workflow/workflow-worker-thread/input';

/*
 * The workers of a process run their workflows in the same threads. Temporal's SDK gives each worker a thread of
 * its own, and so a V8 isolate with the interpreter: 45 MB and 130 ms for each task queue.
 *
 * T1  Of one set of threads, at most one worker polls a task queue. A thread keys workflows by run id alone, and two
 *     workers of one queue may have the same run in their caches.
 * T2  The set lives as long as one of its workers.
 * T3  A thread that ends is replaced when the next workflow needs one. The workflows in an ended thread fail their
 *     task, so the server hands them out again and they are replayed in the new thread. No worker ends.
 * T4  Workers share only with equal isolates: the same bundle and the same options. A debugger and
 *     `patchActivationCallback` need an isolate of their own. Activity names may differ, as all workers have `default`.
 */

/** Threads of a set: enough for the busiest worker, as bodies run elsewhere. */
const MOST_THREADS = 4;
/** Tries for a workflow whose thread ends while it is made. */
const CREATE_ATTEMPTS = 3;

type StartThread = () => Promise<WorkflowCreator>;

const bundles = new WeakMap<object, Promise<Bundle | undefined>>();
const sets = new WeakMap<Bundle, SharedThreads[]>();

/** Whether the installed SDK can share threads. Without sharing, many task queues need much memory. */
export function canShareThreads(): boolean {
  return typeof (Worker as unknown as Record<string, unknown>)['createWorkflowCreator'] === 'function';
}

/** Like `Worker.create`, but shares workflow threads with other workers of this process if possible. */
export async function createSharingWorker(options: WorkerOptions): Promise<Worker> {
  let joined: WorkflowCreator | undefined;
  class SharingWorker extends Worker {
    /** Reads and parses a bundle once for all workers with the same bundle object. */
    protected static override async getOrCreateBundle(
      compiled: CompiledWorkerOptions,
      logger: Logger,
    ): Promise<Bundle | undefined> {
      const { workflowBundle } = compiled;
      if (!workflowBundle) return await super.getOrCreateBundle(compiled, logger);
      const known = bundles.get(workflowBundle);
      if (known) return await known;
      const read = super.getOrCreateBundle(compiled, logger);
      bundles.set(workflowBundle, read);
      try {
        return await read;
      } catch (error) {
        bundles.delete(workflowBundle);
        throw error;
      }
    }

    protected static override async createWorkflowCreator(
      bundle: Bundle,
      compiled: CompiledWorkerOptions,
      logger: Logger,
    ): Promise<WorkflowCreator> {
      // With a timeout, Node starts a watchdog thread for each call into an isolate: 0.05 ms, more on a busy machine.
      const unwatched = { ...compiled, isolateExecutionTimeoutMs: undefined as unknown as number };
      if (compiled.debugMode || compiled.patchActivationCallback || !compiled.activities.has('default'))
        return await super.createWorkflowCreator(bundle, unwatched, logger);
      const startThread: StartThread = async () =>
        await super.createWorkflowCreator(bundle, { ...unwatched, workflowThreadPoolSize: 1 }, logger);
      joined = await joinThreads(bundle, compiled, startThread, logger);
      return joined;
    }
  }
  try {
    return await SharingWorker.create(options);
  } catch (error) {
    // The SDK does not clean up after a failed start.
    await joined?.destroy();
    throw error;
  }
}

async function joinThreads(
  bundle: Bundle,
  options: CompiledWorkerOptions,
  startThread: StartThread,
  logger: Logger,
): Promise<WorkflowCreator> {
  const key = JSON.stringify([options.reuseV8Context, options.workflowThreadPoolSize]);
  const known = sets.get(bundle) ?? [];
  sets.set(bundle, known);
  let set = known.find((candidate) => candidate.accepts(key, options.taskQueue));
  if (!set) {
    set = new SharedThreads(key, options.workflowThreadPoolSize, startThread, logger);
    known.push(set);
  }
  return await set.join(options.taskQueue);
}

class SharedThreads {
  private readonly threads: WorkflowThread[] = [];
  private readonly taskQueues = new Set<string>();

  constructor(
    private readonly key: string,
    private readonly leastThreads: number,
    private readonly startThread: StartThread,
    private readonly logger: Logger,
  ) {}

  /** T1, T4. */
  accepts(key: string, taskQueue: string): boolean {
    return key === this.key && !this.taskQueues.has(taskQueue);
  }

  /** Resolves when enough threads run for all task queues. The next worker that joins retries a failed start. */
  async join(taskQueue: string): Promise<WorkflowCreator> {
    this.taskQueues.add(taskQueue);
    const wanted = Math.max(
      this.leastThreads,
      Math.min(availableParallelism(), MOST_THREADS, this.taskQueues.size),
    );
    while (this.threads.length < wanted) this.threads.push(new WorkflowThread(this.startThread, this.logger));
    let hasLeft = false;
    const leave = async (): Promise<void> => {
      if (hasLeft) return;
      hasLeft = true;
      this.taskQueues.delete(taskQueue);
      if (this.taskQueues.size > 0) return;
      await Promise.all(this.threads.splice(0).map(async (thread) => await thread.end()));
    };
    try {
      await Promise.all(this.threads.map(async (thread) => await thread.running()));
    } catch (error) {
      await leave();
      throw error;
    }
    return { createWorkflow: async (options) => await this.createWorkflow(options), destroy: leave };
  }

  private async createWorkflow(options: WorkflowCreateOptions): Promise<Workflow> {
    const thread = this.threads.reduce((least, other) => (other.workflows < least.workflows ? other : least));
    return await thread.createWorkflow(options);
  }
}

/** One thread of the set, or the thread that replaced it. */
class WorkflowThread {
  workflows = 0;
  private creator: Promise<WorkflowCreator> | undefined;

  constructor(
    private readonly start: StartThread,
    private readonly logger: Logger,
  ) {}

  running(): Promise<WorkflowCreator> {
    if (this.creator) return this.creator;
    const creator = this.start();
    this.creator = creator;
    creator.catch(() => this.forget(creator));
    return creator;
  }

  async createWorkflow(options: WorkflowCreateOptions): Promise<Workflow> {
    for (let attempt = 1; ; attempt++) {
      const creator = this.running();
      try {
        const inner = await (await creator).createWorkflow(options);
        this.workflows++;
        return this.guarded(inner, creator);
      } catch (error) {
        if (!this.isEnd(error, creator) || attempt === CREATE_ATTEMPTS) throw notFatal(error);
      }
    }
  }

  async end(): Promise<void> {
    const creator = await this.creator?.catch(() => undefined);
    await creator?.destroy();
  }

  private guarded(inner: Workflow, creator: Promise<WorkflowCreator>): Workflow {
    return {
      activate: async (activation) => {
        try {
          return await inner.activate(activation);
        } catch (error) {
          this.isEnd(error, creator);
          throw notFatal(error);
        }
      },
      getAndResetSinkCalls: async () => {
        try {
          return await inner.getAndResetSinkCalls();
        } catch (error) {
          if (this.isEnd(error, creator)) return [];
          throw error;
        }
      },
      dispose: async () => {
        this.workflows--;
        await inner.dispose();
      },
    };
  }

  private isEnd(error: unknown, creator: Promise<WorkflowCreator>): boolean {
    if (!(error instanceof UnexpectedError)) return false;
    if (this.forget(creator))
      this.logger.warn(`A thread of workflows ended, and another takes over its runs: ${error.message}`, {
        error,
      });
    return true;
  }

  private forget(creator: Promise<WorkflowCreator>): boolean {
    if (this.creator !== creator) return false;
    this.creator = undefined;
    return true;
  }
}

/** The SDK ends the worker for an `UnexpectedError`. Any other error fails the workflow task, which is then retried. */
function notFatal(error: unknown): unknown {
  return error instanceof UnexpectedError
    ? new Error(`The thread of this workflow ended: ${error.message}`, { cause: error })
    : error;
}
