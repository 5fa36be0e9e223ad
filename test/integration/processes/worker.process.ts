/**
 * Program: a worker for the tapestries that are killed, limited or reused. Arguments: address, task queue, project folder, workflow bundle, and the
 * time to live of its leases unless it is the default.
 */
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createWorker } from '../../../src/worker';
import { forcedReplay } from '../../support/forced-replay';
import { OFTEN_BEATING } from '../../support/run-limits';
import { brewing } from './brewing';
import { killedBeside } from './killed-beside';
import { killed } from './killed-segment';
import { killedMaps } from './killed-map';
import { limitedTapestries } from './limited';
import { killedNested } from './nested';
import { openProjectBackends } from '../../support/project-backends';

async function main([address, taskQueue, projectDir, codePath, leaseTtl]: string[]): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const backends = await openProjectBackends(projectDir!);
  const connection = await NativeConnection.connect({ address });
  const worker = await createWorker({
    tapestries: [
      brewing,
      killed,
      killedBeside,
      killedNested,
      ...Object.values(killedMaps).map(({ shape }) => shape),
      ...limitedTapestries,
    ],
    taskQueue,
    connection,
    backends,
    workflowBundle: { codePath: codePath! },
    ...(leaseTtl !== undefined && { leaseTtl: Number(leaseTtl) }),
    ...OFTEN_BEATING,
    ...forcedReplay,
  });
  process.once('SIGTERM', () => worker.shutdown());
  await worker.run();
  await connection.close();
  await backends.close();
}

void main(process.argv.slice(2));
