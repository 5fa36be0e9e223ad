/**
 * Program: a worker of one side, in a process of its own, so that it can be measured by itself. It
 * says `ready` when it polls, and at `stop` it ends and says what it has taken.
 */
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import path from 'node:path';
import { openBackends } from 'selvage/backends';
import { createWorker, tunedWorkerOptions } from 'selvage/worker';
import * as activities from '../raw/activities';
import { recorder } from '../raw/recorder';
import type { WorkerProcessOptions, WorkerReport } from './worker-processes';
import { WORKLOADS } from './workloads';
import { DISPATCHER_WORKLOADS } from '../dispatchers/workloads';

/** A worker for each task queue. */
interface Workers {
  readonly workers: readonly Worker[];
  close(): Promise<void>;
}

async function createOurs(options: WorkerProcessOptions): Promise<Workers> {
  const { workloads, address, projectDir } = options;
  const backends = await openBackends({ url: options.backends, projectDir });
  const connection = await NativeConnection.connect({ address });
  const chosen = [...WORKLOADS, ...DISPATCHER_WORKLOADS].filter(({ name }) => workloads.includes(name));
  const workers = await Promise.all(
    chosen.map(({ tapestry }) => createWorker({ tapestries: [tapestry()], connection, backends })),
  );
  return {
    workers,
    close: async () => {
      await connection.close();
      await backends.close();
    },
  };
}

async function createRaw(options: WorkerProcessOptions): Promise<Workers> {
  const connection = await NativeConnection.connect({ address: options.address });
  const worker = await Worker.create({
    ...tunedWorkerOptions,
    taskQueue: options.side,
    connection,
    activities,
    workflowBundle: { codePath: options.rawBundle },
    ...(options.side === 'recorded' && {
      interceptors: { activity: [recorder(path.join(options.projectDir, 'recorded.db'))] },
    }),
  });
  return { workers: [worker], close: () => connection.close() };
}

function tell(report: WorkerReport): void {
  process.send!(report);
}

async function main(options: WorkerProcessOptions): Promise<void> {
  // Quiet: the hand-written workflows are warned of the size of every value that they pass.
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
  const { workers, close } = options.side === 'ours' ? await createOurs(options) : await createRaw(options);
  process.once('message', () => {
    for (const worker of workers) worker.shutdown();
  });
  // Also when the benchmark is interrupted, which tells nobody.
  process.once('disconnect', () => process.exit());
  const ended = Promise.all(workers.map((worker) => worker.run()));
  const before = process.cpuUsage();
  tell({ kind: 'ready' });
  await ended;
  const { user, system } = process.cpuUsage(before);
  tell({ kind: 'ended', peakBytes: process.resourceUsage().maxRSS * 1024, cpuMs: (user + system) / 1_000 });
  await close();
  process.disconnect();
}

main(JSON.parse(process.argv[2]!) as WorkerProcessOptions).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
