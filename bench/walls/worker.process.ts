/** Program: a worker for the tapestries of a fixture. Arguments: address, project folder, the fixture's name. */
import { Selvage } from 'selvage/client';
import * as million from './million.fixture';
import * as waiting from './waiting.fixture';

const FIXTURES = { million, waiting };
export type Fixture = keyof typeof FIXTURES;

async function main(): Promise<void> {
  const [address, projectDir, fixture] = process.argv.slice(2) as [string, string, Fixture];
  const { tapestries, taskQueue, workerOptions } = FIXTURES[fixture];
  await Selvage.open({ address, projectDir, tapestries, taskQueue, workerOptions });
  process.once('disconnect', () => process.exit());
  process.on('message', () => process.send!(process.resourceUsage().maxRSS * 1_024));
  process.send!('ready');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
