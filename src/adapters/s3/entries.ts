import type { Page, PageOptions, StoredEntry } from '../../ports';
import { inParallel } from '../../values/in-parallel';
import { pageAfterHash, pageLimit, pageOfValues } from '../../ports/parts/pages';
import type { ListedObject, S3Bucket } from './bucket';
import { hashOfValue, type ObjectKeys } from './keys';
import { sizeOf } from './pointer';

const LISTED_AT_ONCE = 1_000;
const HEADS_AT_ONCE = 16;

export async function listValues(
  bucket: S3Bucket,
  keys: ObjectKeys,
  options: PageOptions,
): Promise<Page<StoredEntry>> {
  const limit = pageLimit(options);
  const from = pageAfterHash(options);
  let after = from === '' ? '' : keys.value(from);
  const found: ListedObject[] = [];
  while (found.length <= limit) {
    const wanted = Math.min(LISTED_AT_ONCE, limit + 1 - found.length);
    const listed = await bucket.list(keys.values, after, wanted);
    found.push(...listed.filter(({ key }) => hashOfValue(key) !== undefined));
    if (listed.length < wanted) break;
    after = listed.at(-1)!.key;
  }
  return pageOfValues(await withSizes(bucket, found), limit);
}

/** An empty object is the empty value, or stands for a large one. */
async function withSizes(bucket: S3Bucket, found: readonly ListedObject[]): Promise<StoredEntry[]> {
  const sizes = new Map<string, number>();
  const empty = found.filter(({ size }) => size === 0);
  await inParallel(empty, HEADS_AT_ONCE, async ({ key }) => {
    const facts = await bucket.head(key);
    if (facts !== undefined) sizes.set(key, sizeOf(facts));
  });
  return found.map(({ key, size, modifiedAt }) => ({
    hash: hashOfValue(key)!,
    size: sizes.get(key) ?? size,
    lastPutAt: modifiedAt,
  }));
}
