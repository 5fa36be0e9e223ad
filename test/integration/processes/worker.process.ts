/** Program: a worker for the tapestries that are killed. Arguments: address, task queue, project folder, workflow bundle. */
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { openBackends } from '../../../src/backends';
import { createWorker } from '../../../src/worker';
import { killedBeside } from './killed-beside';
import { killed } from './killed-segment';

async function main([address, taskQueue, projectDir, codePath]: string[]): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const backends = await openBackends({ url: 'sqlite:selvage.db', projectDir, environment: {} });
  const connection = await NativeConnection.connect({ address });
  const worker = await createWorker({
    tapestries: [killed, killedBeside],
    taskQueue,
    connection,
    backends,
    workflowBundle: { codePath: codePath! },
  });
  process.once('SIGTERM', () => worker.shutdown());
  await worker.run();
  await connection.close();
  await backends.close();
}

void main(process.argv.slice(2));
