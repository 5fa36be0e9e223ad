import { openBackends } from '../../../src/backends';
import { sampleRun } from '../../../src/testing/sample-records';
import { commitOf } from './commits';

/** Fills a history with runs, and removes one after the other until it is killed. Arguments: folder, how many runs, knots of each. */
async function main(): Promise<void> {
  const [folder = '', runs = '0', knots = '0'] = process.argv.slice(2);
  const backends = await openBackends({ projectDir: folder, environment: {} });
  const names = Array.from({ length: Number(runs) }, (_, run) => `run-${run}`);
  for (const name of names) {
    await backends.runHistory.startRun(
      sampleRun({ run_id: name, temporal_run_id: name, status: 'succeeded', finished_at: 2 }),
    );
    await backends.commit(Array.from({ length: Number(knots) }, (_, knot) => commitOf(name, knot, 'writer')));
  }
  // The last one stays.
  for (const name of names.slice(0, -1)) {
    process.stdout.write(`begin ${name}\n`);
    await backends.runHistory.deleteRun(name);
    process.stdout.write(`end ${name}\n`);
  }
}

void main();
