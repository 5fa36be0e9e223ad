/**
 * Program: a worker for knots that wait for a limit, which kills itself while one does. Arguments: address, task queue, project folder,
 * workflow bundle, bodies at once, and at which wait to die (`place`, `turn`, or `never`).
 */
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Backends } from '../../../src/protocols';
import { createWorker } from '../../../src/worker';
import { forcedReplay } from '../../support/forced-replay';
import { OFTEN_BEATING } from '../../support/run-limits';
import { withMethods } from '../../support/with-methods';
import { killing, staying, waitsForPlace, waitsForTurn } from './waiting';
import { openProjectBackends } from '../../support/project-backends';

function struck(backends: Backends, folder: string, moment: string): Backends {
  const strike = (at: string): void => {
    if (at !== moment) return;
    appendFileSync(path.join(folder, 'blows.txt'), `${process.pid}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
  const { leaseTable } = backends;
  return withMethods(backends, {
    leaseTable: withMethods(leaseTable, {
      async acquire(request) {
        const answer = await leaseTable.acquire(request);
        if (!answer.granted) strike('place');
        return answer;
      },
      async takeTurn(request) {
        const answer = await leaseTable.takeTurn(request);
        strike('turn');
        return answer;
      },
    }),
  });
}

async function main([address, taskQueue, projectDir, codePath, slots, moment]: string[]): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const backends = await openProjectBackends(projectDir!);
  const connection = await NativeConnection.connect({ address });
  const worker = await createWorker({
    tapestries: [staying, waitsForPlace, waitsForTurn, killing],
    taskQueue,
    connection,
    backends: struck(backends, projectDir!, moment!),
    workflowBundle: { codePath: codePath! },
    maxConcurrentActivityTaskExecutions: Number(slots),
    ...OFTEN_BEATING,
    ...forcedReplay,
  });
  process.once('SIGTERM', () => worker.shutdown());
  await worker.run();
  await connection.close();
  await backends.close();
}

void main(process.argv.slice(2));
