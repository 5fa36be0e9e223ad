import { randomUUID } from 'node:crypto';
import { gathered } from '../../ports/parts/pieces';
import type { S3Bucket } from './bucket';
import { readObject } from './read';

/**
 * The text of the object `identity`, which the first caller creates. The object is always written, to notice a full or
 * read-only bucket. An existing object is written without a condition, because some servers check conditions first.
 */
export async function openIdentity(bucket: S3Bucket, key: string, signal: AbortSignal): Promise<string> {
  const options = { mediaType: 'text/plain' };
  const there = await readIdentity(bucket, key, signal);
  if (there !== undefined) {
    await bucket.put(key, there, options, signal);
    return there.trim();
  }
  const text = `${randomUUID()}\n`;
  const isOurs = await bucket.putIfAbsent(key, text, options, signal);
  return (isOurs ? text : ((await readIdentity(bucket, key, signal)) ?? text)).trim();
}

export async function readIdentity(
  bucket: S3Bucket,
  key: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const object = await bucket.get(key, 0, { signal });
  if (object === undefined) return undefined;
  return (await gathered(readObject(bucket, key, object))).toString();
}
