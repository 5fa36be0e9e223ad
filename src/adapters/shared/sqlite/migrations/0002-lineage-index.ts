import { sql, type Kysely } from 'kysely';

/** One index of its own for all listings of lineage, which is brought up to date when it is needed instead of in every commit. */
export async function up(db: Kysely<any>): Promise<void> {
  for (const name of [
    'by_finished_at',
    'by_run_id_finished_at',
    'by_knot_id_finished_at',
    'by_knot_class_finished_at',
    'failures',
  ]) {
    await db.schema.dropIndex(`selvage_lineage_${name}`).execute();
  }
  // What was in it is found again in the records.
  await db.schema.dropTable('selvage_lineage_values').execute();
  await db.schema
    .createTable('selvage_lineage_index')
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('role', 'integer', (column) => column.notNull())
    .addColumn('finished_at', 'integer', (column) => column.notNull())
    .addColumn('lineage', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('selvage_lineage_index_key', ['key', 'role', 'finished_at', 'lineage'])
    .modifyEnd(sql`without rowid`)
    .execute();
  await db.schema
    .createTable('selvage_lineage_indexed')
    .addColumn('through', 'integer', (column) => column.notNull())
    .execute();
  await sql`insert into selvage_lineage_indexed (through) values (0)`.execute(db);
}
