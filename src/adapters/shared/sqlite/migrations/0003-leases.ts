import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('selvage_leases')
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('token', 'text', (column) => column.notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('since', 'integer', (column) => column.notNull())
    .addColumn('ttl', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('selvage_leases_key', ['key', 'owner'])
    .modifyEnd(sql`without rowid`)
    .execute();
  // With row ids, so that no row of another table has the form of one of these: repair may have to tell them by it.
  await db.schema
    .createTable('selvage_turns')
    .addColumn('key', 'text', (column) => column.notNull().primaryKey())
    .addColumn('next_at', 'real', (column) => column.notNull())
    .addColumn('ahead', 'real', (column) => column.notNull())
    .execute();
}
