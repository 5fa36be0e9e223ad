import { PUT_AGAIN_AFTER_MS, type StoredValue } from '../../ports';
import { requireContentHash } from '../../ports/parts/content-hash';
import type { SqliteConnection } from './connection';
import { RowInserter } from './insert-rows';

const MAY_DIFFER = "upload is not null or hash like 'sealed:%' or hash like 'table-%'";

const values = new RowInserter('selvage_values', ['hash', 'size', 'media_type', 'bytes', 'last_put_at'], {
  // Different bytes under a hash are damage, unless they may differ.
  onConflict: `on conflict (hash) do update set last_put_at = excluded.last_put_at,
        size = case when ${MAY_DIFFER} then size else excluded.size end,
        bytes = case when ${MAY_DIFFER} then bytes else excluded.bytes end
      where last_put_at < excluded.last_put_at - ${PUT_AGAIN_AFTER_MS}
        or (bytes is not excluded.bytes and not (${MAY_DIFFER}))`,
  alike: ['media_type', 'last_put_at'],
});

/** Inserts values that are missing or damaged, one row each. */
export function putValues(connection: SqliteConnection, stored: readonly StoredValue[]): void {
  for (const { hash } of stored) requireContentHash(hash);
  const now = Date.now();
  values.insertAll(
    connection,
    stored.map(({ hash, bytes, mediaType }) => [hash, bytes.byteLength, mediaType ?? null, bytes, now]),
  );
}
