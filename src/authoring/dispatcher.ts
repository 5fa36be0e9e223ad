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

/** What `threads()`, `python()`, `program()`, `dask()`, `ray()` and `celery()` answer: `queue()` with a body host. */
export interface HostDispatcher<H extends BodyHostOptions = BodyHostOptions> extends QueueDispatcher {
  readonly host: H;
}

/** Beside where a body is scheduled: what calls it. */
export interface DispatcherOptions {
  /** Default: the host of the definition, or the worker itself. */
  readonly host?: HostDispatcher;
}

/**
 * Runs a body on Temporal as an activity of its own, on the named task queue.
 *
 * @param taskQueue if omitted, the task queue of the run
 */
export function queue(taskQueue?: string, { host }: DispatcherOptions = {}): QueueDispatcher {
  return {
    kind: 'queue',
    ...(taskQueue !== undefined && { taskQueue }),
    ...(host && { host: host.host }),
  };
}

/**
 * Runs a body on Temporal together with other `local()` knots in a *segment*: one activity on the run's task queue that
 * runs many knots in one worker, in the order of their inputs, and commits each as it ends. Meant for small, fast
 * bodies: a durable knot then costs a fraction of a millisecond. Outcomes, values, hashes and records equal those of
 * `queue()`; `retry`, `timeout` and cancelling work the same.
 *
 * The price: the knots of a segment share one process, so a body that kills its worker takes a few others with it (they
 * are run one by one from then on). A knot outside the segment gets a value from it only when the segment ends. What a
 * body passes to `ctx.heartbeat` reaches its retries in the same segment, but no other worker. In process, `local()`
 * changes nothing.
 */
export function local({ host }: DispatcherOptions = {}): LocalDispatcher {
  return { kind: 'local', ...(host && { host: host.host }) };
}

/**
 * Calls bodies in worker threads, for those that keep a core busy: such a body blocks its thread and nothing else.
 *
 * A thread loads the file of the command (or `module`) as the worker has, and finds the body there by its definition or
 * its knot: what the file exports is what threads can run. Inputs and results are copied between threads; bytes move. A
 * thread that runs out of memory, or whose body calls `process.exit`, is a lost worker of that knot and of nothing
 * else. A body that goes on after its timeout, or after its grace when it is cancelled, is stopped with its thread.
 *
 * Alone it means `queue(undefined, { host: threads() })`.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function threads(options: Omit<ThreadsHost, 'kind'> = {}): HostDispatcher<ThreadsHost> {
  return hosted('threads()', { ...options, kind: 'threads' });
}

/**
 * Calls bodies in processes of Python beside the worker, which it starts itself. See `pythonKnot`.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function python(options: Omit<PythonHost, 'kind'> = {}): HostDispatcher<PythonHost> {
  return hosted('python()', { ...options, kind: 'python' });
}

/**
 * Calls bodies in processes of a program that speaks the body protocol (docs/body-protocol.md), in any language. The
 * worker starts them.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function program(options: Omit<ProgramHost, 'kind'>): HostDispatcher<ProgramHost> {
  return hosted('program()', { ...options, kind: 'program' });
}

/**
 * Calls bodies of Python on a cluster of Dask: `dask({ scheduler: 'tcp://host:8786' })`, or on one that is started beside
 * the worker: `dask({ local: true })`. One process of Python beside the worker hands them on; it needs `dask[distributed]`, and
 * its workers need `selvage` and the modules of the bodies.
 *
 * Each body runs there at most once: what Dask would run again is a lost worker of its knot, which the framework tries again
 * itself. A body that goes on after its timeout, or after its grace when it is cancelled, keeps its thread of Dask until it ends.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function dask(options: Omit<DaskHost, 'kind'> = {}): HostDispatcher<DaskHost> {
  return hosted('dask()', { ...options, kind: 'dask' });
}

/**
 * Calls bodies of Python on a cluster of Ray: `ray({ address: 'host:6379' })`, or on one that is started beside the worker:
 * `ray({ local: true })`. As {@link dask}, with `ray`; a body that goes on after its timeout or its grace is ended by force.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function ray(options: Omit<RayHost, 'kind'> = {}): HostDispatcher<RayHost> {
  return hosted('ray()', { ...options, kind: 'ray' });
}

/**
 * Calls bodies of Python in workers of Celery, which `python -m selvage celery-worker --broker redis://host:6379/0` starts:
 * `celery({ broker: 'redis://host:6379/0' })`. As {@link dask}, with `celery[redis]`. A worker of Celery that is silent for 30 s
 * is a lost worker of the knots that it ran; a body that goes on after its timeout or its grace is ended by force, with its process.
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
