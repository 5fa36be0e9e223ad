import { openBackends } from '../../../src/backends';
import { commitOf } from './commits';

/** Commits the same knots as every other process of the race and tells which it won. Arguments: folder, name, knots, knots a batch, URL. */
async function main(): Promise<void> {
  const [folder = '', name = '', knots = '0', batch = '1', url] = process.argv.slice(2);
  // All open the database, and make its tables, at once.
  const backends = await openBackends({ projectDir: folder, environment: {}, ...(url && { url }) });
  const won: string[] = [];
  const standing: Record<string, string | null> = {};
  for (let start = 0; start < Number(knots); start += Number(batch)) {
    const commits = Array.from({ length: Number(batch) }, (_, index) =>
      commitOf('race', start + index, name),
    );
    for (const { inserted, record } of await backends.commit(commits)) {
      if (inserted) won.push(record.knot_id);
      standing[record.knot_id] = record.worker;
    }
  }
  await backends.close();
  process.stdout.write(JSON.stringify({ won, standing }));
}

void main();
