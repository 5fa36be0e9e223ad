import { SelvageError } from '../../errors';
import { loadOptional } from '../../node/optional-package';
import { S3Bucket } from './bucket';
import { S3DataStore } from './data-store';
import { openIdentity, readIdentity } from './identity';
import { ObjectKeys } from './keys';
import {
  CONNECT_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  OPEN_TIMEOUT_MS,
  type S3ClientLike,
  type S3DataStoreOptions,
} from './options';

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
  const connected = await connectBucket(options);
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
  const { bucket, disconnect } = await connectBucket(options);
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

/** Makes a client, which opens no connection yet. */
async function connectBucket(
  options: S3DataStoreOptions,
): Promise<{ readonly bucket: S3Bucket; readonly disconnect: () => void }> {
  const [sdk, storage] = loadAwsSdk();
  const client = options.client ?? quietly(() => new sdk.S3Client(clientOptions(options)));
  const place = { bucket: options.bucket, server: serverOf(options) };
  const disconnect = (): void => {
    if (options.client === undefined) client.destroy();
  };
  return { bucket: new S3Bucket(sdk, storage, client, place), disconnect };
}

function loadAwsSdk(): [typeof import('@aws-sdk/client-s3'), typeof import('@aws-sdk/lib-storage')] {
  const need = { by: 'S3', install: '@aws-sdk/client-s3 @aws-sdk/lib-storage' };
  return [loadOptional('@aws-sdk/client-s3', need), loadOptional('@aws-sdk/lib-storage', need)];
}

function clientOptions({ endpoint, region, pathStyle, credentials }: S3DataStoreOptions): object {
  const isRegionKnown = Boolean(process.env['AWS_REGION'] || process.env['AWS_PROFILE']);
  const chosen = region ?? (endpoint !== undefined && !isRegionKnown ? 'us-east-1' : undefined);
  return {
    ...(chosen !== undefined && { region: chosen }),
    ...(endpoint !== undefined && { endpoint }),
    // The credentials are copied, because the SDK writes into them.
    ...(credentials !== undefined && { credentials: { ...credentials } }),
    forcePathStyle: pathStyle ?? false,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
    // The SDK need not verify reads, which are verified by the value's hash.
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
}

function serverOf({ endpoint, region }: S3DataStoreOptions): string {
  if (endpoint !== undefined) return new URL(endpoint).origin;
  return region ?? 'AWS';
}

const WARNING_SWITCH = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

/** Suppresses the AWS SDK's warning about versions of Node that it will stop supporting. */
function quietly(make: () => S3ClientLike): S3ClientLike {
  const before = process.env[WARNING_SWITCH];
  process.env[WARNING_SWITCH] = 'true';
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[WARNING_SWITCH];
    else process.env[WARNING_SWITCH] = before;
  }
}
