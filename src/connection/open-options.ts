import type { WorkerOptions } from '@temporalio/worker';
import type { ActivityLimits } from '../activities';
import type { KnotObserver } from '../activities/observe';
import type { Resources, Tapestry } from '../authoring';
import type { EmitterList } from '../emitters';
import type { ConnectOptions } from '../connection/connect';
import type { WorkerWatch } from '../connection/own-workers';

/** Options of a client with a worker in the same process. */
export interface OpenOptions extends ConnectOptions {
  /** The tapestries that the worker can run. */
  readonly tapestries: readonly Tapestry<any, any>[];
  /** `ctx.resources` of the bodies. */
  readonly resources?: Resources & Record<string, unknown>;
  readonly observers?: readonly KnotObserver[];
  /**
   * Who hears of the runs of all tapestries, beside those that the tapestries name themselves. `false`: this process delivers to
   * none of them. Default: those of the tapestries.
   */
  readonly emitters?: EmitterList | false;
  /**
   * Options of the Temporal worker, such as `workflowBundle`, `identity` or `maxCachedWorkflows`. They
   * override the tuned defaults.
   */
  readonly workerOptions?: Omit<WorkerOptions, 'taskQueue' | 'connection' | 'namespace'>;
  /**
   * @internal Task queues that the worker polls from the beginning; `work` of the client adds others.
   *   Default: those of the client's runs.
   */
  readonly taskQueues?: readonly string[];
  /** @internal Hears of the workers, for health and metrics. */
  readonly watch?: WorkerWatch;
  /** @internal Limits of one activity, for tests. */
  readonly activityLimits?: ActivityLimits;
}
