import path from 'node:path';
import { clusterPython, PYTHON_SOURCES } from '../../test/support/python-environment';
import { prepareServices, valkeyService } from '../../test/support/services';
import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { Program } from '../peers/program';
import { median, timed } from '../statistics';
import { onStage, type Stage } from '../temporal/stage';
import type { Workload } from '../temporal/workload';
import { CELERY_MAP, DASK_MAP, HERE_MAP, PYTHON_PATH, TASKS } from './workloads';

const FACTOR = 1.3;
const SLOTS = '2';

interface Cluster {
  readonly name: 'dask' | 'celery';
  readonly workload: Workload;
  /** Starts its programs, and sets the variable that names its address, for all processes that come after. */
  start(): Promise<Program[]>;
}

const CLUSTERS: readonly Cluster[] = [
  {
    name: 'dask',
    workload: DASK_MAP,
    async start() {
      const scheduler = python(
        '-m',
        'distributed.cli.dask_scheduler',
        '--host',
        '127.0.0.1',
        '--port',
        '0',
        '--no-dashboard',
      );
      const line = await scheduler.hears('Scheduler at: ');
      const address = /tcp:\S+/.exec(line)![0];
      process.env['DASK_SCHEDULER_ADDRESS'] = address;
      const options = ['--nworkers', SLOTS, '--nthreads', '1', '--no-dashboard', '--host', '127.0.0.1'];
      const workers = python('-m', 'distributed.cli.dask_worker', address, ...options);
      await workers.hears('Registered to:');
      return [scheduler, workers];
    },
  },
  {
    name: 'celery',
    workload: CELERY_MAP,
    async start() {
      prepareServices();
      const broker = (await valkeyService()).replace(/^valkey/, 'redis');
      process.env['CELERY_BROKER_URL'] = broker;
      const ours = python('-m', 'selvage', 'celery-worker', '--broker', broker, '--concurrency', SLOTS);
      const plain = python(
        '-m',
        'celery',
        '-A',
        'plain_cluster',
        'worker',
        '--concurrency',
        SLOTS,
        '--pool',
        'threads',
      );
      await Promise.all([ours.hears('[queues]'), plain.hears('[queues]')]);
      return [ours, plain];
    },
  },
];

/**
 * Tasks on a cluster, against its own client that submits them and gathers their results. What a durable map costs by itself is what it takes
 * with the bodies in the worker, and is taken off.
 */
export const clusters: readonly Benchmark[] = CLUSTERS.map((cluster) => ({
  name: `dispatchers: tasks on ${cluster.name}`,
  run: async ({ repetitions }): Promise<Row[]> => {
    const measure = `dispatchers: map of ${TASKS} tasks on ${cluster.name} in batches, beside what the map costs`;
    let programs: Program[] = [];
    try {
      // For the hosts, in workers that are processes of their own.
      process.env['SELVAGE_PYTHON'] = clusterPython();
      programs = await cluster.start();
      return await onStage(async (stage) => [await compared(stage, cluster, measure, repetitions)]);
    } catch (error) {
      return [{ measure, measured: String((error as Error).message), isSkipped: true, numbers: {} }];
    } finally {
      for (const program of programs.reverse()) await program.stop();
    }
  },
}));

async function compared(
  stage: Stage,
  { name, workload }: Cluster,
  measure: string,
  repetitions: number,
): Promise<Row> {
  const address = process.env[name === 'dask' ? 'DASK_SCHEDULER_ADDRESS' : 'CELERY_BROKER_URL']!;
  const plain = python(path.join(PYTHON_PATH, 'plain_cluster.py'), name, address);
  await plain.hears('ready');
  const workers = [await stage.startWorker('ours', workload), await stage.startWorker('ours', HERE_MAP)];
  const [onCluster, here] = [workload.tapestry(), HERE_MAP.tapestry()];
  const times = { ours: [] as number[], here: [] as number[], plain: [] as number[] };
  try {
    for (let repetition = -1; repetition < repetitions; repetition++) {
      const taken = {
        here: await timed(() => stage.runOurs(here)),
        ours: await timed(() => stage.runOurs(onCluster)),
        plain: (await plain.run({ shape: 'fan-out', size: TASKS, start: repetition + 2 })).ms,
      };
      await stage.catchUp();
      if (repetition < 0) continue;
      for (const kind of ['ours', 'here', 'plain'] as const) times[kind].push(taken[kind]);
    }
  } finally {
    for (const worker of workers) await worker.stop();
    await plain.stop();
  }
  const [ours, map, bare] = [median(times.ours), median(times.here), median(times.plain)];
  const remark = `${readable(ours)} ms, of which the map ${readable(map)}, against ${readable(bare)}`;
  return limited(measure, (ours - map) / bare, FACTOR, `x ${name}'s client`, times, remark);
}

function python(...args: string[]): Program {
  return Program.start(args.slice(0, 2).join(' '), {
    command: clusterPython(),
    args,
    env: { PYTHONPATH: [PYTHON_SOURCES, PYTHON_PATH].join(path.delimiter), PYTHONUNBUFFERED: '1' },
  });
}
