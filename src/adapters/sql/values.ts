import { sql, type Selectable } from 'kysely';
import { PUT_AGAIN_AFTER_MS, type StoredEntry } from '../../ports';
import type { SqlDialect, SqlExecutor } from './database';
import type { ValuesTable } from './schema';

/** Updates the time of existing values, and returns their hashes. Needs a transaction. */
export async function keepValues(
  db: SqlExecutor,
  dialect: SqlDialect,
  hashes: readonly string[],
): Promise<KeptValue[]> {
  await db
    .updateTable('selvage_values')
    .set({ last_put_at: dialect.now() })
    .where(dialect.isOneOf('hash', hashes))
    .where('last_put_at', '<', sql<number>`${dialect.now()} - ${sql.lit(PUT_AGAIN_AFTER_MS)}`)
    .execute();
  return await db
    .selectFrom('selvage_values')
    .select(['hash', 'size', 'upload'])
    .where(dialect.isOneOf('hash', hashes))
    .execute();
}

export type KeptValue = Pick<Selectable<ValuesTable>, 'hash' | 'size' | 'upload'>;

export async function entriesAfter(db: SqlExecutor, hash: string, limit: number): Promise<StoredEntry[]> {
  return await db
    .selectFrom('selvage_values')
    .select(['hash', 'size', 'last_put_at as lastPutAt'])
    .where('hash', '>', hash)
    .orderBy('hash')
    .limit(limit)
    .execute();
}

/** Deletes values (with `since`, only those last put before it) and returns their hashes. Needs a transaction. */
export async function deleteValues(
  db: SqlExecutor,
  dialect: SqlDialect,
  hashes: readonly string[],
  since = Infinity,
): Promise<string[]> {
  let deleting = db.deleteFrom('selvage_values').where(dialect.isOneOf('hash', hashes));
  if (since !== Infinity) deleting = deleting.where('last_put_at', '<', since);
  const rows = await deleting.returning(['hash', 'upload']).execute();
  const uploads = rows.flatMap(({ upload }) => upload ?? []);
  if (uploads.length > 0)
    await db.deleteFrom('selvage_value_chunks').where(dialect.isOneOf('upload', uploads)).execute();
  return rows.map(({ hash }) => hash);
}

export type ValueRow = Pick<Selectable<ValuesTable>, 'hash' | 'bytes' | 'upload'>;

export async function valueRows(
  db: SqlExecutor,
  dialect: SqlDialect,
  hashes: readonly string[],
): Promise<ValueRow[]> {
  return db
    .selectFrom('selvage_values')
    .select(['hash', 'bytes', 'upload'])
    .where(dialect.isOneOf('hash', hashes))
    .execute();
}

/** @param streamed only values stored in chunks */
export async function presentHashes(
  db: SqlExecutor,
  dialect: SqlDialect,
  hashes: readonly string[],
  { streamed = false } = {},
): Promise<string[]> {
  const present = db.selectFrom('selvage_values').select('hash').where(dialect.isOneOf('hash', hashes));
  const rows = await (streamed ? present.where('upload', 'is not', null) : present).execute();
  return rows.map((row) => row.hash);
}

export async function hasValue(db: SqlExecutor, hash: string): Promise<boolean> {
  const row = await db
    .selectFrom('selvage_values')
    .select('hash')
    .where('hash', '=', hash)
    .executeTakeFirst();
  return row !== undefined;
}
