/** Where bodies run, as records and options say it. */

/** Common to all body hosts. */
interface NamedHost {
  /**
   * Tells it from other hosts of its kind: in a worker, all hosts of one name have the same options. Default:
   * its kind.
   */
  readonly name?: string;
}

/** Worker threads. */
export interface ThreadsHost extends NamedHost {
  readonly kind: 'threads';
  /** Default: as many as the machine has cores. */
  readonly maxWorkers?: number;
  /** MiB of heap of each thread. Default: Node's own limit. */
  readonly memoryLimit?: number;
  /** Absolute path of the file that exports the tapestries. Default: the file of the command. */
  readonly module?: string;
}

/** Processes of a program that speaks the body protocol. */
export interface ProgramHost extends NamedHost {
  readonly kind: 'program';
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Default: the folder of the worker. */
  readonly cwd?: string;
  /** Default: as many as the machine has cores. */
  readonly processes?: number;
  /** What the program is told to have bodies in. Default: nothing. */
  readonly modules?: readonly string[];
}

/** Processes of Python. */
export interface PythonHost extends NamedHost {
  readonly kind: 'python';
  /**
   * Default: `SELVAGE_PYTHON`, else that of an active or a local virtual environment (`VIRTUAL_ENV`,
   * `.venv`), else `python3`.
   */
  readonly interpreter?: string;
  /** Default: as many as the machine has cores. */
  readonly processes?: number;
  /** Folders that modules are looked for in, before those of the interpreter. Default: that of the worker. */
  readonly path?: readonly string[];
}

/** The process of Python beside the worker that hands bodies to a cluster. */
interface ClusterHost extends NamedHost, Pick<PythonHost, 'interpreter' | 'path'> {}

/** A cluster of Dask. */
export interface DaskHost extends ClusterHost {
  readonly kind: 'dask';
  /** Address of the scheduler, such as `tcp://host:8786`. Default: `DASK_SCHEDULER_ADDRESS`. */
  readonly scheduler?: string;
  /** A cluster on this machine, started for the worker and ended with it; `workers` defaults to as many as it has cores. */
  readonly local?: true | { readonly workers?: number };
  /** What each body needs of the resources that workers were started with: `{ GPU: 1 }`. */
  readonly resources?: Readonly<Record<string, number>>;
}

/** A cluster of Ray. */
export interface RayHost extends ClusterHost {
  readonly kind: 'ray';
  /** `host:6379`, `auto` or `ray://host:10001`. Default: `RAY_ADDRESS`. */
  readonly address?: string;
  /** As in {@link DaskHost}; here `workers` is how many processors Ray believes to have. */
  readonly local?: true | { readonly workers?: number };
  /** CPUs that each body occupies. Default: Ray's own, 1. */
  readonly numCpus?: number;
  /** GPUs that each body occupies. Default 0. */
  readonly numGpus?: number;
  /** What each body needs of custom resources. */
  readonly resources?: Readonly<Record<string, number>>;
  /** Ray's runtime environment: what its workers install or are sent before they run bodies. */
  readonly runtimeEnv?: Readonly<Record<string, unknown>>;
}

/** Workers of Celery, started by `python -m selvage celery-worker`. */
export interface CeleryHost extends ClusterHost {
  readonly kind: 'celery';
  /** URL of the broker, such as `redis://host:6379/0`. Default: `CELERY_BROKER_URL`. */
  readonly broker?: string;
  /** URL of the Redis or Valkey through which calls and answers go. Default: the broker. */
  readonly state?: string;
  /** Default `selvage`. */
  readonly queue?: string;
}

/** Calls bodies outside of the worker's own JavaScript. */
export type BodyHostOptions = ThreadsHost | ProgramHost | PythonHost | DaskHost | RayHost | CeleryHost;

/** Runs a body as an activity on the named task queue, by default the run's own. */
export interface QueueDispatcher {
  readonly kind: 'queue';
  readonly taskQueue?: string;
  /** What calls the body. Default: its definition's host, or the worker itself. */
  readonly host?: BodyHostOptions;
}

/**
 * Runs a body together with other `local` knots in segments: activities that run many knots, each committed
 * as it ends.
 */
export interface LocalDispatcher {
  readonly kind: 'local';
  /** As in {@link QueueDispatcher}. */
  readonly host?: BodyHostOptions;
}
export type Dispatcher = QueueDispatcher | LocalDispatcher;
