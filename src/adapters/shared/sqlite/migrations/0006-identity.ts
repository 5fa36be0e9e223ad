import { sql, type Kysely } from 'kysely';

/** A name for each database, and for each value when it was put last. Of those that are there already, that is now. */
export async function up(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('selvage_identity')
    .addColumn('identity', 'text', (column) => column.notNull())
    .execute();
  await sql`insert into selvage_identity (identity) values (lower(hex(randomblob(16))))`.execute(db);
  await db.schema
    .alterTable('selvage_values')
    .addColumn('last_put_at', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`update selvage_values set last_put_at = cast(strftime('%s', 'now') as integer) * 1000`.execute(
    db,
  );
}
