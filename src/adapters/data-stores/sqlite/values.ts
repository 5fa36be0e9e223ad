import type { Selectable } from 'kysely';
import { PUT_AGAIN_AFTER_MS, type StoredEntry, type StoredValue } from '../../../protocols';
import { requireContentHash } from '../../shared/content-hash';
import type { SqliteConnection } from '../../shared/sqlite/connection';
import type { SqliteExecutor } from '../../shared/sqlite/database';
import { RowInserter } from '../../shared/sqlite/insert-rows';
import { listed } from '../../shared/sqlite/listed';
import type { ValuesTable } from '../../shared/sqlite/schema';

const values = new RowInserter(
  'selvage_values',
  ['hash', 'size', 'media_type', 'bytes', 'last_put_at'],
  `on conflict (hash) do update set last_put_at = excluded.last_put_at
   where last_put_at < excluded.last_put_at - ${PUT_AGAIN_AFTER_MS}`,
);

/** Inserts, in one row each, what is not there. */
export function putValues(connection: SqliteConnection, stored: readonly StoredValue[]): void {
  for (const { hash } of stored) requireContentHash(hash);
  const now = Date.now();
  values.insert(
    connection,
    stored.map(({ hash, bytes, mediaType }) => [hash, bytes.byteLength, mediaType ?? null, bytes, now]),
  );
}

/** Notes a put of those that are there, and answers them. Must run inside a transaction. */
export async function keepValues(db: SqliteExecutor, hashes: readonly string[]): Promise<string[]> {
  const now = Date.now();
  await db
    .updateTable('selvage_values')
    .set({ last_put_at: now })
    .where('hash', 'in', listed(hashes))
    .where('last_put_at', '<', now - PUT_AGAIN_AFTER_MS)
    .execute();
  return await presentHashes(db, hashes);
}

export async function entriesAfter(db: SqliteExecutor, hash: string, limit: number): Promise<StoredEntry[]> {
  return await db
    .selectFrom('selvage_values')
    .select(['hash', 'size', 'last_put_at as lastPutAt'])
    .where('hash', '>', hash)
    .orderBy('hash')
    .limit(limit)
    .execute();
}

/** Deletes values, with `since` those that were last put before; answers which. Must run inside a transaction. */
export async function deleteValues(
  db: SqliteExecutor,
  hashes: readonly string[],
  since = Infinity,
): Promise<string[]> {
  let deleting = db.deleteFrom('selvage_values').where('hash', 'in', listed(hashes));
  if (since !== Infinity) deleting = deleting.where('last_put_at', '<', since);
  const rows = await deleting.returning(['hash', 'upload']).execute();
  const uploads = rows.flatMap(({ upload }) => upload ?? []);
  if (uploads.length > 0)
    await db.deleteFrom('selvage_value_chunks').where('upload', 'in', listed(uploads)).execute();
  return rows.map(({ hash }) => hash);
}

export async function valueRows(
  db: SqliteExecutor,
  hashes: readonly string[],
): Promise<Selectable<ValuesTable>[]> {
  return db.selectFrom('selvage_values').selectAll().where('hash', 'in', listed(hashes)).execute();
}

export async function presentHashes(db: SqliteExecutor, hashes: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('selvage_values')
    .select('hash')
    .where('hash', 'in', listed(hashes))
    .execute();
  return rows.map((row) => row.hash);
}

export async function hasValue(db: SqliteExecutor, hash: string): Promise<boolean> {
  const row = await db
    .selectFrom('selvage_values')
    .select('hash')
    .where('hash', '=', hash)
    .executeTakeFirst();
  return row !== undefined;
}
