import path from 'node:path';
import {
  celery,
  dask,
  knot,
  local,
  map,
  python,
  pythonKnot,
  queue,
  reduce,
  tapestry,
  type Dispatcher,
  type Knot,
  type Tapestry,
} from 'selvage';
import { z } from 'zod';
import { sum } from '../raw/activities';
import type { Workload } from '../temporal/workload';
import { FOLDER } from './folder';
import { chainInThreads, ELEMENTS, KNOTS, spinInBatches, spinInThreads } from './in-threads';

export const PYTHON_PATH = path.join(FOLDER, 'python');
/** As `bench/peers` has it. */
export const INTERPRETER = process.env['SELVAGE_BENCH_PYTHON'] ?? 'python3';
/** How many elements the map has. */
export const MAPPED = 10_000;
const BATCH = 100;
const QUEUED_KNOTS = 200;

const host = python({ path: [PYTHON_PATH], interpreter: INTERPRETER });
const inc = pythonKnot<{ x: number }, number>('trivial:increment');
const range = knot('range', ({ start }: { start: number }) =>
  Array.from({ length: MAPPED }, (_, index) => start + index),
);

function chain(name: string, size: number, dispatcher: Dispatcher): Workload {
  return workload(name, size, () =>
    tapestry(named(name), { knots: { dispatcher } }, (t) => {
      let result: Knot<number> = t.parameter('start', z.number());
      for (let index = 0; index < size; index++) result = inc({ x: result }, { id: `inc-${index}` });
      return { result };
    }),
  );
}

/** Ours alone: there is none written by hand. */
function workload(
  name: string,
  size: number,
  build: () => Tapestry<{ start: number }, { result: number }>,
): Workload {
  return { name, workflow: '', size, knots: size, tapestry: build };
}

const named = (name: string): string => name.replaceAll(' ', '-');

export const PYTHON_CHAIN = chain('python chain', QUEUED_KNOTS, queue(undefined, { host }));
export const LOCAL_PYTHON_CHAIN = chain('local python chain', KNOTS, local({ host }));
export const PYTHON_MAP = workload('python map', MAPPED, () =>
  tapestry('python-map', { knots: { dispatcher: queue(undefined, { host }) } }, (t) => {
    const list = range({ start: t.parameter('start', z.number()) }, { id: 'list' });
    const mapped = map({ over: list, each: inc, bind: 'x', batch: BATCH }, { id: 'mapped' });
    return { result: reduce({ of: mapped, combine: (values) => sum(values) }, { id: 'total' }) };
  }),
);
/** Elements of the maps on clusters. */
export const TASKS = 1_000;

function tasks(name: string, each: typeof inc, dispatcher: Dispatcher): Workload {
  return workload(name, TASKS, () =>
    tapestry(named(name), { knots: { dispatcher: queue() } }, (t) => {
      const list = fewer({ start: t.parameter('start', z.number()) }, { id: 'list' });
      const mapped = map(
        { over: list, each, bind: 'x', batch: BATCH, concurrency: TASKS },
        { id: 'mapped', dispatcher },
      );
      return { result: reduce({ of: mapped, combine: (values) => sum(values) }, { id: 'total' }) };
    }),
  );
}

const fewer = knot('tasks', ({ start }: { start: number }) =>
  Array.from({ length: TASKS }, (_, index) => start + index),
);
const here = knot('inc-here', ({ x }: { x: number }) => x + 1);
const onCluster = { path: [PYTHON_PATH] };
export const HERE_MAP = tasks('map of tasks here', here, queue());
export const DASK_MAP = tasks('map of tasks on dask', inc, dask(onCluster));
export const CELERY_MAP = tasks('map of tasks on celery', inc, celery(onCluster));
export const THREAD_CHAIN = workload('chain in threads', KNOTS, () => chainInThreads);
export const THREAD_SPIN = workload('spin in threads', ELEMENTS, () => spinInThreads);
export const BATCH_SPIN = workload('spin in batches', ELEMENTS, () => spinInBatches);

export const DISPATCHER_WORKLOADS: readonly Workload[] = [
  PYTHON_CHAIN,
  LOCAL_PYTHON_CHAIN,
  PYTHON_MAP,
  THREAD_CHAIN,
  THREAD_SPIN,
  BATCH_SPIN,
  HERE_MAP,
  DASK_MAP,
  CELERY_MAP,
];
