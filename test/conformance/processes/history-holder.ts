import { openBackends } from '../../../src/backends';

/** Opens a run history, says so, and holds it until it is killed. Arguments: folder, URL of the run history. */
async function main(): Promise<void> {
  const [folder = '', history = ''] = process.argv.slice(2);
  await openBackends({ projectDir: folder, environment: {}, history });
  process.stdout.write('open\n');
  setInterval(() => {}, 60_000);
}

void main();
