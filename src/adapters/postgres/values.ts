import { PUT_AGAIN_AFTER_MS, type StoredValue } from '../../ports';
import { requireContentHash } from '../../ports/parts/content-hash';
import { NOW } from './words';

/** Sealed bytes and manifests may differ, and streams have their bytes elsewhere: only the other rows are compared. */
const IS_DAMAGED = `(s.upload is null and s.hash not like 'sealed:%' and s.hash not like 'table-%' and s.bytes is distinct from v.bytes)`;

/**
 * Puts values, as first parts of a `with`, with the parameters of {@link valueParameters}; afterwards all the values
 * exist. A value that was put long ago is updated first, which prevents its deletion until the transaction ends; nobody
 * deletes a recent one. A damaged value, whose bytes differ, is replaced. A plain `on conflict do update` would lock
 * each common value, and all who put it would wait for one another's commits.
 */
export const WITH_VALUES = `
  put_again as (
    update selvage_values as s set last_put_at = ${NOW},
      size = case when ${IS_DAMAGED} then length(v.bytes) else s.size end,
      bytes = case when ${IS_DAMAGED} then v.bytes else s.bytes end
    from unnest($1::text[], $3::bytea[]) as v (hash, bytes)
    where s.hash = any($1::text[]) and s.hash = v.hash
      and (s.last_put_at < ${NOW} - ${PUT_AGAIN_AFTER_MS} or ${IS_DAMAGED})
    returning 1
  ),
  put as (
    insert into selvage_values (hash, size, media_type, bytes, last_put_at)
    select v.hash, length(v.bytes), v.media_type, v.bytes, ${NOW}
    from (select count(*) from put_again) as first,
      unnest($1::text[], $2::text[], $3::bytea[]) as v (hash, media_type, bytes)
    on conflict (hash) do nothing
  )`;

export const PUT_VALUES = `with ${WITH_VALUES} select 1`;

/** The values whose bytes match their hashes; sealed ones cannot be checked. */
export const WHOLE_ROWS = `select hash from selvage_values where hash = any($1::text[])
  and (hash like 'sealed:%' or encode(sha256(bytes), 'hex') = split_part(hash, ':', 2))`;

/** Values are sorted by hash, as processes that put the same values in different orders would deadlock. */
export function valueParameters(values: readonly StoredValue[]): unknown[] {
  for (const { hash } of values) requireContentHash(hash);
  const each = [...new Map(values.map((value) => [value.hash, value])).values()];
  each.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return [
    each.map(({ hash }) => hash),
    each.map(({ mediaType }) => mediaType ?? null),
    byteaArray(each.map(({ bytes }) => bytes)),
  ];
}

const BYTEA = 17;
const HEADER_BYTES = 20;

/** One parameter of type `bytea[]`, in Postgres's binary form because the text form doubles the size. */
function byteaArray(items: readonly Uint8Array[]): Buffer {
  const size = items.reduce((sum, item) => sum + 4 + item.byteLength, HEADER_BYTES);
  const buffer = Buffer.allocUnsafe(size);
  // The header says: one dimension, no nulls, type bytea, length, lower bound 1.
  for (const [index, number] of [1, 0, BYTEA, items.length, 1].entries())
    buffer.writeInt32BE(number, 4 * index);
  let at = HEADER_BYTES;
  for (const item of items) {
    at = buffer.writeInt32BE(item.byteLength, at);
    buffer.set(item, at);
    at += item.byteLength;
  }
  return buffer;
}
