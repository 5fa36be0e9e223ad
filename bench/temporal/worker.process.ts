/**
 * Program: a worker of one side for one workload, in a process of its own, so that its memory can be measured. It says
 * `ready` when it polls, and at `stop` ends and says how much memory it has taken at the most.
 */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { openBackends } from 'selvage/backends';
import { createWorker, tunedWorkerOptions } from 'selvage/worker';
import * as activities from '../raw/activities';
import type { WorkerProcessOptions, WorkerReport } from './worker-processes';
import { WORKLOADS } from './workloads';

async function createOurs(
  options: WorkerProcessOptions,
): Promise<{ worker: Worker; close(): Promise<void> }> {
  const { workload, address, projectDir } = options;
  const backends = await openBackends({ projectFolder: projectDir });
  const connection = await NativeConnection.connect({ address });
  const tapestries = [WORKLOADS.find(({ name }) => name === workload)!.tapestry()];
  const worker = await createWorker({ tapestries, connection, backends });
  return {
    worker,
    close: async () => {
      await connection.close();
      await backends.close();
    },
  };
}

async function createRaw(options: WorkerProcessOptions): Promise<{ worker: Worker; close(): Promise<void> }> {
  const connection = await NativeConnection.connect({ address: options.address });
  const worker = await Worker.create({
    ...tunedWorkerOptions,
    taskQueue: 'raw',
    connection,
    activities,
    workflowBundle: { codePath: options.rawBundle },
  });
  return { worker, close: () => connection.close() };
}

function tell(report: WorkerReport): void {
  process.send!(report);
}

async function main(options: WorkerProcessOptions): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const { worker, close } = options.side === 'ours' ? await createOurs(options) : await createRaw(options);
  process.once('message', () => worker.shutdown());
  const ended = worker.run();
  tell({ kind: 'ready' });
  await ended;
  tell({ kind: 'ended', peakBytes: process.resourceUsage().maxRSS * 1024 });
  await close();
  process.disconnect();
}

main(JSON.parse(process.argv[2]!) as WorkerProcessOptions).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
