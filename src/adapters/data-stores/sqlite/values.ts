import type { StoredValue } from '../../../protocols';
import { requireContentHash } from '../../shared/content-hash';
import type { SqliteConnection } from '../../shared/sqlite/connection';
import type { SqliteExecutor } from '../../shared/sqlite/database';
import { RowInserter } from '../../shared/sqlite/insert-rows';
import { listed } from '../../shared/sqlite/listed';
import type { ValuesTable } from '../../shared/sqlite/schema';

const values = new RowInserter('selvage_values', ['hash', 'size', 'media_type', 'bytes']);

/** Inserts, in one row each, what is not there. */
export function putValues(connection: SqliteConnection, stored: readonly StoredValue[]): void {
  for (const { hash } of stored) requireContentHash(hash);
  values.insert(
    connection,
    stored.map(({ hash, bytes, mediaType }) => [hash, bytes.byteLength, mediaType ?? null, bytes]),
  );
}

export async function valueRows(db: SqliteExecutor, hashes: readonly string[]): Promise<ValuesTable[]> {
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
