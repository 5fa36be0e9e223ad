import { limitsOf, makePool } from '../../../src/adapters/postgres/open';
import { connect } from '../../../src/adapters/postgres/connections';
import { migrate as migrateTables } from '../../../src/adapters/postgres/migrate';
import { MIGRATIONS } from '../../../src/adapters/postgres/migrations';
import { SQL_TYPES } from '../../../src/adapters/postgres/words';
import { parsePostgresUrl } from '../../../src/adapters/postgres/address';
import { migrateBackends, openBackends, type MigrationReport } from '../../../src/backends';
import { freshPostgresDatabase, placeForEach, type FreshDatabase } from '../../support/fresh-places';
import { describeWith } from '../../support/services';
import { queryPostgres } from '../../support/query-postgres';
import { testRecordColumns, type FoundColumn } from '../../support/record-columns';

const NAMES = Object.keys(MIGRATIONS);

describeWith('postgres')('selvage migrate on PostgreSQL', () => {
  let database: FreshDatabase;
  placeForEach(freshPostgresDatabase, (fresh) => (database = fresh));

  async function migrate(mode: 'status' | 'dry-run' | 'migrate'): Promise<MigrationReport> {
    const { url } = database;
    const environment = { SELVAGE_STORE: url, SELVAGE_HISTORY: url, SELVAGE_DATA: url };
    const reports = await migrateBackends({ mode, environment });
    expect(reports).toHaveLength(1);
    expect(JSON.stringify(reports)).not.toContain(new URL(url).password + '@');
    return reports[0]!;
  }

  test('tells what is pending without doing it, does it once, and refuses what an unreleased build has made', async () => {
    expect(await migrate('dry-run')).toMatchObject({
      statements: [
        { migration: '0001-schema-f', sql: expect.stringContaining('create table selvage_lineage') },
      ],
    });
    expect(await migrate('status')).toMatchObject({
      done: [],
      pending: NAMES,
      backends: ['store', 'history', 'data'],
    });
    const several = await Promise.all([1, 2, 3, 4].map(() => migrate('migrate')));
    expect(several.flatMap(({ migrated }) => migrated)).toEqual(NAMES);
    expect(await migrate('status')).toMatchObject({ done: NAMES, pending: [], migrated: [] });
    await (await openBackends({ url: `${database.url}?migrate=false`, environment: {} })).close();

    await queryPostgres(database.url, "update selvage_migrations set name = '0006-initial'");
    for (const mode of ['status', 'dry-run', 'migrate'] as const)
      await expect(migrate(mode)).rejects.toMatchObject({ code: 'UnreleasedData' });
  });

  test('a later migration is done whole or not at all', async () => {
    await migrate('migrate');
    const address = parsePostgresUrl(database.url);
    const pool = await makePool(address, limitsOf({}));
    const connection = await connect(pool, limitsOf({}));
    const migrateTo = (sql: string): Promise<string[]> =>
      migrateTables(connection, address.shown, undefined, { ...MIGRATIONS, '0002-more': sql });
    await expect(migrateTo('create table more (x int); insert into nowhere values (1);')).rejects.toThrow(
      'nowhere',
    );
    expect(await migrateTo('create table more (x int);')).toEqual(['0002-more']);
    connection.release();
    await pool.end();
  });
});

describeWith('postgres')('what migrations leave on PostgreSQL', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshPostgresDatabase();
    await (await openBackends({ url: database.url, environment: {} })).close();
  });
  afterAll(() => database.drop());

  testRecordColumns({
    types: SQL_TYPES,
    columnsOf: async (table) => {
      const found = await queryPostgres(
        database.url,
        `select column_name as name, data_type as type, is_nullable = 'YES' as "isNullable"
         from information_schema.columns where table_name = $1 order by ordinal_position`,
        [table],
      );
      return found as unknown as FoundColumn[];
    },
  });

  test('texts in indexes are compared by their bytes', async () => {
    const others = await queryPostgres(
      database.url,
      `select i.indexrelid::regclass::text as index from pg_index as i
       cross join lateral unnest(i.indcollation) as used (id) join pg_collation as c on c.oid = used.id
       where i.indrelid::regclass::text like 'selvage_%' and i.indrelid::regclass::text <> 'selvage_migrations' and c.collname <> 'C'`,
    );
    expect(others).toEqual([]);
  });
});
