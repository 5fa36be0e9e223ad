import type { Kysely } from 'kysely';

/** No row of another table has the form of one of these: repair may have to tell them by it. */
export async function up(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('selvage_offers')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('offered_at', 'integer', (column) => column.notNull())
    .addColumn('fragment', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('selvage_offers_by_run_id').on('selvage_offers').columns(['run_id']).execute();
}
