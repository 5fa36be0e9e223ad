import { openBackends } from '../../../src/backends';
import { commitOf } from './commits';

/** Commits batch after batch, a run each, until it is killed. Arguments: folder, knots a batch, URL of the run history (default: SQLite). */
async function main(): Promise<void> {
  const [folder = '', knots = '0', history] = process.argv.slice(2);
  const backends = await openBackends({ projectDir: folder, environment: {}, ...(history && { history }) });
  for (let batch = 0; ; batch += 1) {
    const run = `batch-${batch}`;
    const commits = Array.from({ length: Number(knots) }, (_, knot) => commitOf(run, knot, 'writer'));
    process.stdout.write(`begin ${run}\n`);
    await backends.commit(commits);
    process.stdout.write(`end ${run}\n`);
  }
}

void main();
