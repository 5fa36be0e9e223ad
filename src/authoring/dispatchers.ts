/** Properties of all body hosts. */
interface NamedHost {
  /** Tells hosts of one kind apart. In a worker, hosts of one name have equal options. Default: the kind. */
  readonly name?: string;
}

/** Worker threads. */
export interface ThreadsHost extends NamedHost {
  readonly kind: 'threads';
  /** Maximum number of threads; if omitted, as many as the machine has cores. */
  readonly maxWorkers?: number;
  /** Size of each thread's heap, in MiB. Default: Node's own limit. */
  readonly memoryLimit?: number;
  /** Absolute path of the file that exports the tapestries; if omitted, the file of the command. */
  readonly module?: string;
}

/** Processes of a program that speaks the body protocol. */
export interface ProgramHost extends NamedHost {
  readonly kind: 'program';
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Working folder; if omitted, the folder of the worker. */
  readonly cwd?: string;
  /** Number of processes; if omitted, as many as the machine has cores. */
  readonly processes?: number;
  /** Modules that the program is told to load. Default: none. */
  readonly modules?: readonly string[];
}

/** Processes of Python. */
export interface PythonHost extends NamedHost {
  readonly kind: 'python';
  /**
   * The interpreter; if omitted, `SELVAGE_PYTHON`, else the virtual environment (`VIRTUAL_ENV` or `.venv`), else
   * `python3`.
   */
  readonly interpreter?: string;
  /** Number of processes; if omitted, as many as the machine has cores. */
  readonly processes?: number;
  /** Folders to find modules in, before those of the interpreter; if omitted, the folder of the worker. */
  readonly path?: readonly string[];
}

/** The process of Python that submits bodies to a cluster. */
interface ClusterHost extends NamedHost, Pick<PythonHost, 'interpreter' | 'path'> {}

/** A cluster of Dask. */
export interface DaskHost extends ClusterHost {
  readonly kind: 'dask';
  /** Address of the scheduler, such as `tcp://host:8786`. Default: `DASK_SCHEDULER_ADDRESS`. */
  readonly scheduler?: string;
  /** Starts a cluster on this machine, which ends with the worker. `workers` defaults to the number of cores. */
  readonly local?: true | { readonly workers?: number };
  /** Dask resources that each body needs: `{ GPU: 1 }`. */
  readonly resources?: Readonly<Record<string, number>>;
}

/** A cluster of Ray. */
export interface RayHost extends ClusterHost {
  readonly kind: 'ray';
  /** Address of the cluster: `host:6379`, `auto` or `ray://host:10001`. Default: `RAY_ADDRESS`. */
  readonly address?: string;
  /** As in {@link DaskHost}, but `workers` is the number of CPUs that Ray assumes. */
  readonly local?: true | { readonly workers?: number };
  /** CPUs that each body occupies. Default: Ray's own, 1. */
  readonly numCpus?: number;
  /** GPUs that each body occupies. Default 0. */
  readonly numGpus?: number;
  /** Custom resources that each body needs. */
  readonly resources?: Readonly<Record<string, number>>;
  /** Ray's runtime environment, such as packages and files for its workers. */
  readonly runtimeEnv?: Readonly<Record<string, unknown>>;
}

/** Workers of Celery, started by `python -m selvage celery-worker`. */
export interface CeleryHost extends ClusterHost {
  readonly kind: 'celery';
  /** URL of the broker, such as `redis://host:6379/0`. Default: `CELERY_BROKER_URL`. */
  readonly broker?: string;
  /** URL of the Redis or Valkey that carries calls and answers. Default: the broker. */
  readonly state?: string;
  /** Default `selvage`. */
  readonly queue?: string;
}

/** Calls bodies outside of the worker's own JavaScript. */
export type BodyHostOptions = ThreadsHost | ProgramHost | PythonHost | DaskHost | RayHost | CeleryHost;

/** Runs a body as an activity on the named task queue; if omitted, the run's own task queue. */
export interface QueueDispatcher {
  readonly kind: 'queue';
  readonly taskQueue?: string;
  /** The host that calls the body; if omitted, the definition's host, or the worker itself. */
  readonly host?: BodyHostOptions;
}

/** Runs a body with other `local` knots in segments: activities that run many knots and commit each as it ends. */
export interface LocalDispatcher {
  readonly kind: 'local';
  /** As in {@link QueueDispatcher}. */
  readonly host?: BodyHostOptions;
}
export type Dispatcher = QueueDispatcher | LocalDispatcher;
