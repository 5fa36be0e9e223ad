import { PUT_AGAIN_AFTER_MS, type StoredValue } from '../../../protocols';
import { requireContentHash } from '../../shared/content-hash';
import type { SqliteConnection } from '../../shared/sqlite/connection';
import { RowInserter } from '../../shared/sqlite/insert-rows';

const values = new RowInserter('selvage_values', ['hash', 'size', 'media_type', 'bytes', 'last_put_at'], {
  onConflict: `on conflict (hash) do update set last_put_at = excluded.last_put_at
      where last_put_at < excluded.last_put_at - ${PUT_AGAIN_AFTER_MS}`,
  alike: ['media_type', 'last_put_at'],
});

/** Inserts, in one row each, what is not there. */
export function putValues(connection: SqliteConnection, stored: readonly StoredValue[]): void {
  for (const { hash } of stored) requireContentHash(hash);
  const now = Date.now();
  values.insert(
    connection,
    stored.map(({ hash, bytes, mediaType }) => [hash, bytes.byteLength, mediaType ?? null, bytes, now]),
  );
}
