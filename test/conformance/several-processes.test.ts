import { sampleHash } from '../../src/testing/sample-records';
import { openBackends } from '../../src/backends';
import { runs } from '../support/thorough';
import { runScript } from './processes/run-script';
import { folderForEach } from './temporary-folder';

const PROCESSES = 3;
const KNOTS = runs(100, 400);
const PLACES_TAKEN = runs(30, 100);

const folder = folderForEach();

interface RaceResult {
  won: string[];
  standing: Record<string, string | null>;
}

test.each([1, 20])(
  'processes that race for one SQLite file, in batches of %i, agree on who won each knot',
  async (batch) => {
    const outputs = await Promise.all(
      Array.from({ length: PROCESSES }, (_, index) =>
        runScript('race.ts', [folder(), `process-${index}`, String(KNOTS), String(batch)]),
      ),
    );
    const results = outputs.map((output) => JSON.parse(output) as RaceResult);
    const won = results.flatMap((result) => result.won);
    expect(won).toHaveLength(KNOTS);
    expect(new Set(won).size).toBe(KNOTS);
    for (const result of results) expect(result.standing).toEqual(results[0]?.standing);

    const backends = await openBackends({ projectDir: folder(), environment: {} });
    const records = await backends.runHistory.getRecords('race');
    expect(Object.fromEntries(records.map((record) => [record.knot_id, record.worker]))).toEqual(
      results[0]?.standing,
    );
    const hashes = Array.from({ length: KNOTS }, (_, knot) => sampleHash(`race/${knot}`));
    expect((await backends.dataStore.getMany(hashes)).size).toBe(KNOTS);
    await backends.close();
  },
  60_000,
);

test('processes that race for the places of a lease never have more than there are, and all get their turn', async () => {
  const outputs = await Promise.all(
    Array.from({ length: PROCESSES }, (_, index) =>
      runScript('lease-race.ts', [folder(), `process-${index}`, String(PLACES_TAKEN), '2']),
    ),
  );
  const results = outputs.map((output) => JSON.parse(output) as { most: number; granted: number });
  for (const { most, granted } of results) {
    expect(most).toBeLessThanOrEqual(2);
    expect(granted).toBe(PLACES_TAKEN);
  }
});
