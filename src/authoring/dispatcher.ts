import type { Checks } from './checks';
import { bodyHost } from './host-options';
import { readOptions } from './options';
import type {
  BodyHostOptions,
  CeleryHost,
  DaskHost,
  LocalDispatcher,
  ProgramHost,
  PythonHost,
  QueueDispatcher,
  RayHost,
  ThreadsHost,
} from './dispatchers';

/**
 * `queue()` with a body host, as `threads()`, `python()`, `program()`, `dask()`, `ray()` and `celery()` return it.
 */
export interface HostDispatcher<H extends BodyHostOptions = BodyHostOptions> extends QueueDispatcher {
  readonly host: H;
}

/** The host that calls the body. */
export interface DispatcherOptions {
  /** The body host; if omitted, the host of the definition, or the worker itself. */
  readonly host?: HostDispatcher;
}

/**
 * Runs a body on Temporal as an activity of its own.
 *
 * @param taskQueue default: the run's task queue
 */
export function queue(taskQueue?: string, { host }: DispatcherOptions = {}): QueueDispatcher {
  return {
    kind: 'queue',
    ...(taskQueue !== undefined && { taskQueue }),
    ...(host && { host: host.host }),
  };
}

/**
 * Runs a body on Temporal in a *segment*, together with other `local()` knots. A segment is one activity on the
 * run's task queue. A segment runs many knots in one worker, parents first, and commits each as it ends. `local()` is
 * for small, fast bodies: a durable knot then costs a fraction of a millisecond. Outcomes, hashes, records, `retry`,
 * `timeout` and cancelling are as with `queue()`.
 *
 * The knots of a segment share one process: a body that kills its worker affects other knots, which are then run one by
 * one. Knots outside get values of a segment when it ends. `ctx.heartbeat` reaches retries in the same segment only. In
 * process, `local()` changes nothing.
 */
export function local({ host }: DispatcherOptions = {}): LocalDispatcher {
  return { kind: 'local', ...(host && { host: host.host }) };
}

/**
 * Calls bodies in worker threads: a body that keeps a core busy then blocks only its thread.
 *
 * A thread loads the file of the command (or `module`), which must export the tapestries or definitions, and finds
 * bodies by definition or knot. Inputs and results are copied between threads; bytes are moved. A thread that runs
 * out of memory or calls `process.exit` counts as a lost worker, for its knot only. A body that continues after its
 * timeout, or after its grace when cancelled, is stopped with its thread.
 *
 * `threads()` in place of a dispatcher means `queue(undefined, { host: threads() })`.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function threads(options: Omit<ThreadsHost, 'kind'> = {}): HostDispatcher<ThreadsHost> {
  return hosted('threads()', { ...options, kind: 'threads' });
}

/**
 * Calls bodies in processes of Python that the worker starts. See `pythonKnot`.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function python(options: Omit<PythonHost, 'kind'> = {}): HostDispatcher<PythonHost> {
  return hosted('python()', { ...options, kind: 'python' });
}

/**
 * Calls bodies in processes, started by the worker, of a program that speaks the body protocol
 * (docs/body-protocol.md).
 *
 * @throws SelvageError `InvalidConfig`
 */
export function program(options: Omit<ProgramHost, 'kind'>): HostDispatcher<ProgramHost> {
  return hosted('program()', { ...options, kind: 'program' });
}

/**
 * Calls bodies of Python on a Dask cluster: `dask({ scheduler: 'tcp://host:8786' })`, or `dask({ local: true })` to
 * start one beside the worker. A process of Python on the worker's machine submits them and needs
 * `dask[distributed]`. The cluster's workers need `selvage` and the modules of the bodies.
 *
 * Each body runs on the cluster at most once: if Dask loses it, that counts as a lost worker, and Selvage runs the knot
 * again. A body that continues after its timeout, or its grace when cancelled, keeps its Dask thread.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function dask(options: Omit<DaskHost, 'kind'> = {}): HostDispatcher<DaskHost> {
  return hosted('dask()', { ...options, kind: 'dask' });
}

/**
 * Calls bodies of Python on a Ray cluster: `ray({ address: 'host:6379' })`, or `ray({ local: true })` to start one
 * beside the worker. Like {@link dask}, with `ray`, but a body that continues after its timeout or grace is killed.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function ray(options: Omit<RayHost, 'kind'> = {}): HostDispatcher<RayHost> {
  return hosted('ray()', { ...options, kind: 'ray' });
}

/**
 * Calls bodies of Python in Celery workers: `celery({ broker: 'redis://host:6379/0' })`. Start the Celery workers by
 * `python -m selvage celery-worker --broker redis://host:6379/0`. Like {@link dask}, with `celery[redis]`. A worker
 * silent for 30 s counts as lost. A body that continues after its timeout or grace is killed with its process.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function celery(options: Omit<CeleryHost, 'kind'> = {}): HostDispatcher<CeleryHost> {
  return hosted('celery()', { ...options, kind: 'celery' });
}

function hosted<H extends BodyHostOptions>(owner: string, given: H): HostDispatcher<H> {
  const { host } = readOptions<{ host: H }>(owner, { host: given }, CHECKS);
  return { kind: 'queue', host };
}

const CHECKS: Checks<{ host: unknown }> = { host: bodyHost };
