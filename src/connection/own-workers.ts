import type { Connected } from './connect';
import type { BodyHosts } from '../runtime';
import type { WorkCounts } from '../metrics';
import type { OpenOptions } from './open-options';

/** Observes the workers of a process, for its health and metrics. */
export interface WorkerWatch {
  readonly counts?: WorkCounts | undefined;
  /** A function that is called when a worker has opened the body hosts of its tapestries. */
  hostsOpened?(hosts: BodyHosts): void;
}

/** A client's workers, one per task queue. Implemented in `src/worker`, which clients do not load. */
export interface OwnWorkers {
  /** Resolves when all workers but those of {@link leave} have ended. Rejects if a worker could not go on. */
  readonly ended: Promise<void>;
  /** The polled task queues. */
  readonly taskQueues: readonly string[];
  polls(taskQueue: string): boolean;
  /** Returns when a worker polls the task queue. Does nothing if a worker polls it already. */
  poll(taskQueue: string): Promise<void>;
  /** Lets the running bodies of a task queue end, then stops polling it. */
  leave(taskQueue: string): Promise<void>;
  /** Lets running bodies end, then stops all workers. A second call waits for the first. */
  stop(): Promise<void>;
}

export type OwnWorkerOptions = Pick<
  OpenOptions,
  | 'activityLimits'
  | 'dataConverter'
  | 'encryption'
  | 'inlineLimit'
  | 'logger'
  | 'observers'
  | 'resources'
  | 'tapestries'
  | 'watch'
> &
  OpenOptions['workerOptions'];

/** Starts workers, and returns when they poll. */
export type StartWorkers = (
  connected: Connected,
  options: OwnWorkerOptions,
  taskQueues: Iterable<string>,
) => Promise<OwnWorkers>;

/** Loads the native worker, which a process that only starts runs must not do. */
export function loadWorkers(): StartWorkers {
  return (require('../worker/worker-beside') as { readonly startWorkers: StartWorkers }).startWorkers;
}
