import { openBackends } from '../../../src/backends';
import { MIGRATIONS } from '../../../src/adapters/postgres/migrations';
import { sampleHash } from '../../../src/testing/sample-records';
import { runScript } from '../../conformance/processes/run-script';
import { freshPostgresDatabase, placeForEach, type FreshDatabase } from '../../support/fresh-places';
import { describeWith } from '../../support/services';
import { queryPostgres } from '../../support/query-postgres';
import { runs } from '../../support/thorough';

const PROCESSES = 3;
const KNOTS = runs(80, 200);

interface RaceResult {
  won: string[];
  standing: Record<string, string | null>;
}

describeWith('postgres')('several processes on PostgreSQL', () => {
  let database: FreshDatabase;
  placeForEach(freshPostgresDatabase, (fresh) => (database = fresh));

  test('make the tables once, race for every knot, and agree on who won', async () => {
    const { url } = database;
    const outputs = await Promise.all(
      Array.from({ length: PROCESSES }, (_, index) =>
        runScript('race.ts', ['.', `process-${index}`, String(KNOTS), '8', url]),
      ),
    );
    const results = outputs.map((output) => JSON.parse(output) as RaceResult);
    expect(new Set(results.flatMap((result) => result.won)).size).toBe(KNOTS);
    expect(results.flatMap((result) => result.won)).toHaveLength(KNOTS);
    for (const result of results) expect(result.standing).toEqual(results[0]?.standing);

    expect(await queryPostgres(url, 'select name from selvage_migrations')).toEqual(
      Object.keys(MIGRATIONS).map((name) => ({ name })),
    );
    const backends = await openBackends({ url, environment: {} });
    const hashes = Array.from({ length: KNOTS }, (_, knot) => sampleHash(`race/${knot}`));
    expect((await backends.dataStore.getMany(hashes)).size).toBe(KNOTS);
    for (const hash of hashes.slice(0, 5))
      expect((await backends.runHistory.findLineage({ outputHash: hash })).items).toHaveLength(1);
    await backends.close();
  });
});
