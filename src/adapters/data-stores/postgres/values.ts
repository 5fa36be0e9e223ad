import { PUT_AGAIN_AFTER_MS, type StoredValue } from '../../../protocols';
import { requireContentHash } from '../../shared/content-hash';
import { byteaArray } from '../../shared/postgres/binary-array';
import { NOW } from '../../shared/postgres/words';

/**
 * Puts values, as the first parts of a `with`, for the parameters of {@link valueParameters}. A value that is there and was put long ago is
 * noted first, which keeps others from deleting it until the end of the transaction; one that is there and was put lately, nobody deletes. So
 * after this all are there. `on conflict do update` would say it in one, and lock the row of every common value that is put again, so that all
 * who put it wait for one another's commits.
 */
export const WITH_VALUES = `
  put_again as (
    update selvage_values set last_put_at = ${NOW}
    where hash = any($1::text[]) and last_put_at < ${NOW} - ${PUT_AGAIN_AFTER_MS}
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

/** In the order of the hashes: two who put the same values in different orders would wait for each other. */
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
