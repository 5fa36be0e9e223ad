import { Pool } from 'pg';
import { runLocally, type Tapestry } from '../../../src';
import { loadSnippet, readFile, savedFiles } from '../../support/doc-snippets';
import { freshPostgresDatabase, type FreshDatabase } from '../../support/fresh-places';
import { describeWith } from '../../support/services';

const { wordCounts } = loadSnippet(savedFiles().get('word-counts.ts')!, require) as {
  wordCounts: Tapestry<{ text: string }>;
};
const [, TABLE] = /^```sql\n([\s\S]*?)^```/m.exec(readFile('docs/recipes/results-into-postgres.md'))!;

describeWith('postgres')('the recipe that puts results into Postgres', () => {
  let place: FreshDatabase;
  let database: Pool;

  beforeAll(async () => {
    place = await freshPostgresDatabase();
    database = new Pool({ connectionString: place.url });
    await database.query(TABLE!);
  });

  afterAll(async () => {
    await database.end();
    await place.drop();
  });

  test('writes a row, and no second one where the body runs again', async () => {
    const twice = {
      query: async (sql: string, values: unknown[]) => {
        await database.query(sql, values);
        await database.query(sql, values);
      },
    };
    const { succeeded } = await runLocally(
      wordCounts,
      { text: 'warp and weft' },
      { resources: { database: twice } },
    );
    expect(succeeded).toBe(true);
    const { rows } = await database.query('select text, words from word_counts');
    expect(rows).toEqual([{ text: 'warp and weft', words: 3 }]);
  });
});
