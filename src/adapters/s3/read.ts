import { setTimeout as delay } from 'node:timers/promises';
import { SelvageError } from '../../errors';
import type { ObjectBody, S3Bucket } from './bucket';
import { s3Error } from './errors';
import { IDLE_TIMEOUT_MS } from './options';
import { backOff, type BackOff } from '../../values/back-off';

/** A read survives at most this many broken connections in succession without a byte. */
const BREAKS_AT_MOST = 4;
const BACK_OFF: BackOff = { base: 200, max: 1_600 };

/**
 * The bytes of an object. A connection that breaks is replaced by one that continues at the same byte.
 *
 * @param begun the object from its first byte on, if already requested
 * @param range the bytes to read; default: all. `tag`: refuses an object that was changed
 */
export async function* readObject(
  bucket: S3Bucket,
  key: string,
  begun?: ObjectBody,
  range: { readonly start: number; readonly end?: number; readonly tag?: string } = { start: 0 },
): AsyncGenerator<Uint8Array> {
  let offset = range.start;
  let breaks = 0;
  for (let next = begun; ; next = undefined) {
    const object = next ?? (await bucket.get(key, offset, range));
    if (object === undefined) throw gone(bucket, key);
    const end = offset + object.facts.size;
    try {
      for await (const piece of piecesInTime(object)) {
        offset += piece.byteLength;
        breaks = 0;
        yield piece;
      }
      if (offset >= end) return;
      throw Object.assign(new Error('the connection ended too early'), { code: 'ECONNRESET' });
    } catch (error) {
      if (offset >= end) return;
      breaks += 1;
      if (breaks > BREAKS_AT_MOST) throw s3Error(error, 'read an object', bucket.place);
    } finally {
      object.bytes.destroy();
    }
    await delay(backOff(BACK_OFF, breaks - 1));
  }
}

/** The limit is for the time of waiting for bytes, not for the reader's time between them. */
async function* piecesInTime({ bytes }: ObjectBody): AsyncGenerator<Uint8Array> {
  const pieces = bytes[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (;;) {
    const late = (): void => void bytes.destroy(Object.assign(new Error('idle'), { name: 'TimeoutError' }));
    const timer = setTimeout(late, IDLE_TIMEOUT_MS);
    try {
      const { done, value } = await pieces.next();
      if (done) return;
      clearTimeout(timer);
      yield value;
    } finally {
      clearTimeout(timer);
    }
  }
}

function gone(bucket: S3Bucket, key: string): SelvageError {
  return new SelvageError(
    'ValueMissing',
    `The object ${key} in the S3 bucket "${bucket.place.bucket}", which holds the bytes of a value, is not there. It was deleted while it ` +
      'was read, or by another program than Selvage: then delete the value, and run again the knot that made it.',
    { details: { bucket: bucket.place.bucket, key } },
  );
}
