/** Program: a worker with two slots for bodies, so that a wait that held one would stop all runs. Arguments: address, project folder. */
import { Selvage } from 'selvage/client';
import { approval, month } from './waiting.fixture';

async function main(): Promise<void> {
  const [address, projectDir] = process.argv.slice(2) as [string, string];
  await Selvage.open({
    address,
    projectDir,
    tapestries: [approval, month],
    taskQueue: 'waiting',
    workerOptions: { maxConcurrentActivityTaskExecutions: 2 },
  });
  process.once('disconnect', () => process.exit());
  process.send!('ready');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
