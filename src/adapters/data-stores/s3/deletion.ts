import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { SelvageError } from '../../../errors';
import { inParallel } from '../../shared/in-parallel';
import type { S3Bucket } from './bucket';
import { deletionOf, type Deletion, type ObjectKeys } from './keys';
import { streamOf } from './pointer';

/**
 * S3 has no deletion on a condition of time. So whoever deletes says so first, by an object of its own, and looks at the time of the value
 * after that; and whoever writes or renews a value looks for such objects after that. One of the two sees the other: either the deleter
 * sees the new time and leaves the value, or the writer sees the deletion, waits for its end, and looks whether the value is still there.
 */

/** A deleter that took longer to come to the deletion itself gives it up. */
const DELETE_WITHIN_MS = 15_000;
/** Coming to it, and the deletion: a writer that has waited so long waits for a process that was killed. */
const WAIT_AT_MOST_MS = 2 * DELETE_WITHIN_MS;
const LOOK_AGAIN_AFTER_MS = 200;
const AT_ONCE = 16;

/**
 * Removes a value with its stream and all versions of both, unless it was last put since a time; answers whether it was there and
 * is not any more.
 */
export async function eraseValue(
  bucket: S3Bucket,
  keys: ObjectKeys,
  hash: string,
  since = Infinity,
): Promise<boolean> {
  const key = keys.value(hash);
  const isForAge = since !== Infinity;
  const seen = await bucket.head(key);
  if (isForAge && (seen === undefined || seen.modifiedAt >= since)) return false;
  const begunAt = performance.now();
  const deletion = keys.deletion(hash, randomUUID(), seen && streamOf(seen));
  await bucket.put(deletion, '');
  const facts = await bucket.head(key);
  if (isForAge && (facts === undefined || facts.modifiedAt >= since)) {
    await bucket.erase(deletion);
    return false;
  }
  if (isForAge && performance.now() - begunAt > DELETE_WITHIN_MS) {
    await bucket.erase(deletion);
    throw tooSlow(bucket);
  }
  await bucket.erase(key, AbortSignal.timeout(DELETE_WITHIN_MS));
  const streams = new Set([seen && streamOf(seen), facts && streamOf(facts)]);
  // A scrub that was killed has left there what it did not come to.
  if (!isForAge)
    for await (const { stream } of deletionsBelow(bucket, keys, keys.deletionsOf(hash))) streams.add(stream);
  for (const stream of streams) if (stream !== undefined) await bucket.erase(keys.stream(stream));
  await bucket.erase(deletion);
  return seen !== undefined;
}

/**
 * To be asked after these values were written or renewed, and answers those that are not there any more, because somebody was deleting
 * them: they are to be written again, and asked for again.
 */
export async function lostToDeletion(
  bucket: S3Bucket,
  keys: ObjectKeys,
  hashes: readonly string[],
): Promise<Set<string>> {
  const lost = new Set<string>();
  if (hashes.length === 0) return lost;
  const written = new Set(hashes);
  const awaited = new Map<string, Deletion>();
  const below = hashes.length === 1 ? keys.deletionsOf(hashes[0]!) : keys.deletions;
  for await (const deletion of deletionsBelow(bucket, keys, below))
    if (written.has(deletion.hash)) awaited.set(deletion.key, deletion);
  if (awaited.size === 0) return lost;
  const concerned = new Set([...awaited.values()].map(({ hash }) => hash));
  const since = performance.now();
  while (awaited.size > 0 && performance.now() - since < WAIT_AT_MOST_MS) {
    await delay(LOOK_AGAIN_AFTER_MS);
    const left = new Set<string>();
    for await (const { key } of deletionsBelow(bucket, keys, below)) left.add(key);
    for (const key of awaited.keys()) if (!left.has(key)) awaited.delete(key);
  }
  await inParallel([...concerned], AT_ONCE, async (hash) => {
    if ((await bucket.head(keys.value(hash))) === undefined) lost.add(hash);
  });
  return lost;
}

async function* deletionsBelow(bucket: S3Bucket, keys: ObjectKeys, prefix: string): AsyncGenerator<Deletion> {
  for await (const { key } of bucket.listAll(prefix)) {
    const deletion = deletionOf(key, keys.deletions);
    if (deletion !== undefined) yield deletion;
  }
}

function tooSlow({ place }: S3Bucket): SelvageError {
  return new SelvageError(
    'BackendUnavailable',
    `The S3 bucket "${place.bucket}" (${place.server}) is too slow to delete a value without racing those who write it. Delete it later.`,
    { details: { ...place } },
  );
}
