import type { WorkerOptions } from '@temporalio/worker';
import type { ActivityLimits } from '../activities';
import type { KnotObserver } from '../activities/observe';
import type { Resources, Tapestry } from '../authoring';
import type { EmitterList } from '../emitters';
import type { ConnectOptions } from '../connection/connect';
import type { WorkerWatch } from '../connection/own-workers';

/** Options of a client with a worker in its process. */
export interface OpenOptions extends ConnectOptions {
  /** The tapestries that the worker can run. */
  readonly tapestries: readonly Tapestry<any, any>[];
  /** `ctx.resources` of the bodies. */
  readonly resources?: Resources & Record<string, unknown>;
  readonly observers?: readonly KnotObserver[];
  /** Emitters for all tapestries, beside their own. `false`: delivers to no emitter. Default: only their own. */
  readonly emitters?: EmitterList | false;
  /** Options of the Temporal worker, such as `identity`. These options override the tuned defaults. */
  readonly workerOptions?: Omit<WorkerOptions, 'taskQueue' | 'connection' | 'namespace'>;
  /** @internal Task queues polled from the start; `work` adds others. If omitted, those of the client's runs. */
  readonly taskQueues?: readonly string[];
  /** @internal Observes the workers, for health and metrics. */
  readonly watch?: WorkerWatch;
  /** @internal Limits of one activity, for tests. */
  readonly activityLimits?: ActivityLimits;
}
