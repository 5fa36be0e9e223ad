/**
 * Program: a worker for the tapestries that are extended, which kills itself once at a moment of an extension. Arguments: address, task
 * queue, project folder, workflow bundle, moment.
 */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Backends } from '../../../src/protocols';
import { createWorker } from '../../../src/worker';
import { forcedReplay } from '../../support/forced-replay';
import { OFTEN_BEATING } from '../../support/run-limits';
import { withMethods } from '../../support/with-methods';
import { extended, extending } from './extending';
import { openProjectBackends } from '../../support/project-backends';

function struck(backends: Backends, folder: string, moment: string): Backends {
  const strike = (at: string): void => {
    const blow = path.join(folder, 'blow.txt');
    if (at !== moment || existsSync(blow)) return;
    writeFileSync(blow, at);
    process.kill(process.pid, 'SIGKILL');
  };
  return withMethods(backends, {
    async commit(commits) {
      const results = await backends.commit(commits);
      if (commits.some(({ record }) => 'extension' in record.extra)) strike('committed');
      return results;
    },
    tapestryStore: withMethods(backends.tapestryStore, {
      async save(plan) {
        if (plan.text.includes('"extended":')) strike('accepted');
        await backends.tapestryStore.save(plan);
      },
    }),
    runHistory: withMethods(backends.runHistory, {
      async changeRun(run, change) {
        const known = await backends.runHistory.changeRun(run, change);
        strike('made');
        return known;
      },
    }),
  });
}

async function main([address, taskQueue, projectDir, codePath, moment]: string[]): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const backends = await openProjectBackends(projectDir!);
  const connection = await NativeConnection.connect({ address });
  const worker = await createWorker({
    tapestries: [extended, extending],
    taskQueue,
    connection,
    backends: struck(backends, projectDir!, moment!),
    workflowBundle: { codePath: codePath! },
    ...OFTEN_BEATING,
    ...forcedReplay,
  });
  process.once('SIGTERM', () => worker.shutdown());
  await worker.run();
  await connection.close();
  await backends.close();
}

void main(process.argv.slice(2));
