/** Program: a worker for test/crash/tapestries.ts, until it is killed or its parent goes. */
import { createWorker } from '../../src/worker';
import { forcedReplay } from '../support/forced-replay';
import { quietRuntime } from '../support/quiet-runtime';
import { OFTEN_BEATING } from '../support/run-limits';
import { crashTapestries } from './tapestries';
import type { WorkerOrders } from './worker-process';
import { openProjectBackends } from '../support/project-backends';

async function work({ address, taskQueue, projectDir, identity, codePath }: WorkerOrders): Promise<void> {
  quietRuntime();
  const backends = await openProjectBackends(projectDir);
  const worker = await createWorker({
    tapestries: crashTapestries,
    address,
    taskQueue,
    identity,
    backends,
    workflowBundle: { codePath },
    ...OFTEN_BEATING,
    ...forcedReplay,
  });
  const running = worker.run();
  process.send!('running');
  await running;
}

// A test that ends early must not leave its workers behind.
process.on('disconnect', () => process.exit());
work(JSON.parse(process.argv[2]!) as WorkerOrders).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
