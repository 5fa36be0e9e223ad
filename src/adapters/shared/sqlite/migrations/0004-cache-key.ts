import { sql, type Kysely, type SqlBool } from 'kysely';

/** Values are found by what they were made of. Only those that were made are: one that was taken over leads to who made it. */
export async function up(db: Kysely<any>): Promise<void> {
  await db.schema.alterTable('selvage_lineage').addColumn('cache_key', 'text').execute();
  await db.schema
    .createIndex('selvage_lineage_by_cache_key_finished_at')
    .on('selvage_lineage')
    .columns(['cache_key', 'finished_at'])
    .where(sql<SqlBool>`cache_key is not null and outcome = 'ok' and cached_from_run is null`)
    .execute();
}
