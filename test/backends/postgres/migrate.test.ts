import { MIGRATIONS } from '../../../src/adapters/shared/postgres/migrations';
import { migrateBackends, openBackends, type MigrationReport } from '../../../src/backends';
import { freshPostgresDatabase, type FreshDatabase } from '../../support/fresh-places';
import { describeWith } from '../../support/services';
import { queryPostgres } from '../../support/query-postgres';

const NAMES = Object.keys(MIGRATIONS);
const COLUMNS = `select table_name, column_name, data_type, is_nullable, collation_name from information_schema.columns
  where table_schema = 'public' and table_name <> 'selvage_migrations' order by 1, 2`;
const INDEXES = `select indexdef from pg_indexes where schemaname = 'public' and tablename <> 'selvage_migrations' order by 1`;

describeWith('postgres')('selvage migrate on PostgreSQL', () => {
  let database: FreshDatabase;

  beforeEach(async () => {
    database = await freshPostgresDatabase();
  });

  afterEach(() => database.drop());

  async function migrate(
    mode: 'status' | 'dry-run' | 'migrate',
    { url } = database,
  ): Promise<MigrationReport> {
    const environment = { SELVAGE_STORE: url, SELVAGE_HISTORY: url, SELVAGE_DATA: url };
    const reports = await migrateBackends({ mode, environment });
    expect(reports).toHaveLength(1);
    expect(JSON.stringify(reports)).not.toContain(new URL(url).password + '@');
    return reports[0]!;
  }

  test('tells what is pending without doing it, does it once, and refuses what is newer', async () => {
    expect(await migrate('status')).toMatchObject({
      done: [],
      pending: NAMES,
      backends: ['store', 'history', 'data'],
    });
    const several = await Promise.all([1, 2, 3, 4].map(() => migrate('migrate')));
    expect(several.flatMap(({ migrated }) => migrated)).toEqual(NAMES);
    expect(await migrate('status')).toMatchObject({ done: NAMES, pending: [], migrated: [] });
    await (await openBackends({ url: `${database.url}?migrate=false`, environment: {} })).close();

    await queryPostgres(database.url, "insert into selvage_migrations values ('9999-later', 'now')");
    for (const mode of ['status', 'dry-run', 'migrate'] as const)
      await expect(migrate(mode)).rejects.toMatchObject({ code: 'SchemaTooNew' });
  });

  test('the SQL of a dry run makes the tables that a migration makes', async () => {
    const { statements = [] } = await migrate('dry-run');
    expect(await queryPostgres(database.url, COLUMNS)).toEqual([]);
    const byHand = await freshPostgresDatabase();
    try {
      for (const { sql } of statements) await queryPostgres(byHand.url, sql.join(';\n'));
      await migrate('migrate');
      for (const question of [COLUMNS, INDEXES])
        expect(await queryPostgres(byHand.url, question)).toEqual(
          await queryPostgres(database.url, question),
        );
    } finally {
      await byHand.drop();
    }
  });
});
