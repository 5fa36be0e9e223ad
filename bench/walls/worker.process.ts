/** Program: a worker for the tapestries of a fixture. Arguments: address, project folder, the fixture's path. */
import { Selvage, type OpenOptions } from 'selvage/client';

async function main(): Promise<void> {
  const [address, projectDir, fixture] = process.argv.slice(2) as [string, string, string];
  const options = (await import(fixture)) as Pick<OpenOptions, 'tapestries' | 'taskQueue' | 'workerOptions'>;
  const { tapestries, taskQueue, workerOptions } = options;
  await Selvage.open({ address, projectDir, tapestries, taskQueue, workerOptions });
  process.once('disconnect', () => process.exit());
  process.on('message', () => process.send!(process.resourceUsage().maxRSS * 1_024));
  process.send!('ready');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
