import { sql, type Kysely } from 'kysely';

/** Values that records name beside what their knots made and took: whole tracebacks, and fragments by which bodies have extended their runs. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create index selvage_lineage_by_mentioned_value on selvage_lineage
      (coalesce(json_extract(extra, '$.extension'), json_extract(extra, '$.error.traceback_hash')))
    where extra <> '{}'
      and coalesce(json_extract(extra, '$.extension'), json_extract(extra, '$.error.traceback_hash')) is not null`.execute(
    db,
  );
}
