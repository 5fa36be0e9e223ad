import { randomUUID } from 'node:crypto';
import { SelvageError } from '../../errors';
import { DigestedStream } from '../../ports/parts/content-hash';
import { gathered } from '../../ports/parts/pieces';
import type { S3Bucket } from './bucket';
import { ensureThere, eraseValue, type WriteContext } from './deletion';
import { deletionOf } from './keys';
import { pointerTo, streamOf } from './pointer';
import { readObject } from './read';
import type { UploadAs } from '../../ports/parts/whole';

const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** Uploads a value; a value that exists intact stays. */
export async function uploadValue(
  context: WriteContext,
  pieces: AsyncIterable<Uint8Array>,
  mediaType: string | undefined,
  { hashOf, isDamaged }: UploadAs,
): Promise<{ hash: string; size: number }> {
  const { bucket, keys } = context;
  const id = randomUUID();
  const digested = new DigestedStream(pieces);
  await bucket.put(keys.upload(id), '');
  try {
    await bucket.upload(keys.stream(id), digested.pieces(), mediaType);
  } catch (error) {
    // If cleaning up fails, too, the first error is reported. A leftover of an upload is removed as abandoned later.
    await discard(context, id).catch(() => undefined);
    throw error;
  }
  const { sha256, size } = digested;
  const hash = hashOf(sha256);
  // From this point on, only the value's object tells whether the stream is in use: it may be written despite an error.
  await bucket.put(keys.upload(id), hash);
  if (await isDamaged(hash)) await eraseValue(bucket, keys, hash);
  const isUsed = await giveValue(context, hash, id, size);
  if (isUsed) await bucket.erase(keys.upload(id));
  else await discard(context, id);
  return { hash, size };
}

/** Returns whether the value now has this stream, rather than an earlier one. */
async function giveValue(context: WriteContext, hash: string, id: string, size: number): Promise<boolean> {
  const { bucket, keys } = context;
  const key = keys.value(hash);
  await ensureThere(context, [hash], () => bucket.putIfAbsent(key, '', { metadata: pointerTo(id, size) }));
  const facts = await bucket.head(key);
  const isUsed = facts !== undefined && streamOf(facts) === id;
  if (isUsed && (await bucket.head(keys.stream(id))) === undefined) throw streamGone(bucket);
  return isUsed;
}

async function discard({ bucket, keys }: WriteContext, id: string): Promise<void> {
  await bucket.erase(keys.stream(id));
  await bucket.erase(keys.upload(id));
}

/** Removes leftovers of killed processes, after a day. */
export async function removeAbandoned(context: WriteContext): Promise<void> {
  const { bucket, keys, now } = context;
  const before = now() - ABANDONED_AFTER_MS;
  await bucket.abortUploads(keys.streams, before);
  for await (const { key, modifiedAt } of bucket.listAll(keys.uploads)) {
    if (modifiedAt >= before) continue;
    const hash = (await gathered(readObject(bucket, key))).toString();
    await eraseUnlessUsed(context, key.slice(keys.uploads.length), hash === '' ? undefined : hash);
    await bucket.erase(key);
  }
  for await (const { key, modifiedAt } of bucket.listAll(keys.deletions)) {
    if (modifiedAt >= before) continue;
    const deletion = deletionOf(key, keys.deletions);
    if (deletion?.stream !== undefined) await eraseUnlessUsed(context, deletion.stream, deletion.hash);
    await bucket.erase(key);
  }
}

async function eraseUnlessUsed(
  { bucket, keys }: WriteContext,
  id: string,
  hash: string | undefined,
): Promise<void> {
  const value = hash === undefined ? undefined : await bucket.head(keys.value(hash));
  if (value === undefined || streamOf(value) !== id) await bucket.erase(keys.stream(id));
}

/** Another process considered the upload abandoned: it took more than a day, or the clock jumped. */
function streamGone({ place }: S3Bucket): SelvageError {
  return new SelvageError(
    'BackendUnavailable',
    `A value that was being written to the S3 bucket "${place.bucket}" was taken for abandoned by another process. It is written again; if that ` +
      'goes on, look at the clocks.',
    { details: { ...place } },
  );
}
