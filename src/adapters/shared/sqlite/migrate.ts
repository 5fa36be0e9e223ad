import { Migrator, sql, type Kysely } from 'kysely';
import { SelvageError } from '../../../errors';
import { MIGRATIONS } from './migrations';

const MIGRATION_TABLE = 'selvage_migrations';

/**
 * Brings the tables to the present version. Safe when several processes do it at once: each runs in one transaction that
 * has the write lock, and the later ones find the work done.
 */
export async function migrate(db: Kysely<any>, file: string): Promise<void> {
  const done = await doneMigrations(db);
  refuseNewer(done, file);
  if (done.length === Object.keys(MIGRATIONS).length) return;
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: `${MIGRATION_TABLE}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  // A newer version may have migrated between our look and our transaction.
  refuseNewer(await doneMigrations(db), file);
  throw error;
}

async function doneMigrations(db: Kysely<any>): Promise<string[]> {
  const tables = await sql<{
    name: string;
  }>`select name from sqlite_master where type = 'table' and name = ${MIGRATION_TABLE}`.execute(db);
  if (tables.rows.length === 0) return [];
  const { rows } = await sql<{
    name: string;
  }>`select name from ${sql.table(MIGRATION_TABLE)} order by name`.execute(db);
  return rows.map((row) => row.name);
}

function refuseNewer(done: readonly string[], file: string): void {
  const unknown = done.filter((name) => !(name in MIGRATIONS));
  if (unknown.length === 0) return;
  throw new SelvageError(
    'SchemaTooNew',
    `The database ${file} was written by a newer version of Selvage (it has the migrations ${unknown.join(', ')}). Use that version, or name another database.`,
    { details: { file, migrations: unknown } },
  );
}
