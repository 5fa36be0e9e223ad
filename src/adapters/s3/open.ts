import { SelvageError } from '../../errors';
import { connectBucket } from './connect';
import { S3DataStore } from './data-store';
import { openIdentity, readIdentity } from './identity';
import { ObjectKeys } from './keys';
import { OPEN_TIMEOUT_MS, type S3DataStoreOptions } from './options';

/**
 * Opens an existing bucket, and checks that it can be read and written.
 *
 * @throws SelvageError `BackendUnavailable`, `DiskFull`, `MissingPackage`, `InvalidUrl`
 */
export async function createS3DataStore(options: S3DataStoreOptions): Promise<S3DataStore> {
  return openS3DataStore(options, Date.now);
}

/** @internal @param now the clock, for tests that set it */
export async function openS3DataStore(options: S3DataStoreOptions, now: () => number): Promise<S3DataStore> {
  const keys = new ObjectKeys(trimmed(options.prefix ?? ''));
  const connected = connectBucket(options);
  try {
    const signal = AbortSignal.timeout(options.openTimeoutMs ?? OPEN_TIMEOUT_MS);
    const identity = await openIdentity(connected.bucket, keys.identity, signal);
    return new S3DataStore({ ...connected, keys, identity, now });
  } catch (error) {
    connected.disconnect();
    throw error;
  }
}

/**
 * Checks without writing that the bucket can be read, and whether it is already a data store. Throws the errors of
 * {@link createS3DataStore}.
 */
export async function inspectS3Bucket(options: S3DataStoreOptions): Promise<'absent' | 'current'> {
  const keys = new ObjectKeys(trimmed(options.prefix ?? ''));
  const { bucket, disconnect } = connectBucket(options);
  try {
    const signal = AbortSignal.timeout(options.openTimeoutMs ?? OPEN_TIMEOUT_MS);
    return (await readIdentity(bucket, keys.identity, signal)) === undefined ? 'absent' : 'current';
  } finally {
    disconnect();
  }
}

function trimmed(prefix: string): string {
  const parts = prefix.split('/').filter((part) => part !== '');
  if (!parts.some((part) => part === '.' || part === '..')) return parts.join('/');
  throw new SelvageError(
    'InvalidUrl',
    `The prefix ${JSON.stringify(prefix)} of an S3 data store has a part "." or "..". Name it without.`,
    { details: { prefix } },
  );
}
