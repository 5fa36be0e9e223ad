import { loadOptional } from '../../node/optional-package';
import { S3Bucket } from './bucket';
import { CONNECT_TIMEOUT_MS, IDLE_TIMEOUT_MS, type S3ClientLike, type S3DataStoreOptions } from './options';

/**
 * Makes a client, which opens no connection yet. It loads the AWS SDK.
 *
 * @param file what errors call the object, if only one is read
 * @throws SelvageError `MissingPackage`
 */
export function connectBucket(
  options: S3DataStoreOptions,
  file?: string,
): { readonly bucket: S3Bucket; readonly disconnect: () => void } {
  const [sdk, storage] = loadAwsSdk(file === undefined ? 'S3' : `The file ${file}`);
  const client = options.client ?? quietly(() => new sdk.S3Client(clientOptions(options)));
  const place = { bucket: options.bucket, server: serverOf(options), ...(file !== undefined && { file }) };
  const disconnect = (): void => {
    if (options.client === undefined) client.destroy();
  };
  return { bucket: new S3Bucket(sdk, storage, client, place), disconnect };
}

function loadAwsSdk(
  by: string,
): [typeof import('@aws-sdk/client-s3'), typeof import('@aws-sdk/lib-storage')] {
  const need = { by, install: '@aws-sdk/client-s3 @aws-sdk/lib-storage' };
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
