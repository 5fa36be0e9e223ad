import { requireKnownParameters } from '../../ports/parts/url-parameters';
import type { S3DataStoreOptions } from './options';

const PARAMETERS = ['endpoint', 'region', 'pathStyle', 'accessKeyId', 'secretAccessKey', 'sessionToken'];

/** `prefix`: what follows the bucket, of a data store or of one object. */
export type S3Address = S3DataStoreOptions & { readonly prefix: string };

/**
 * Reads `s3://BUCKET/PREFIX?endpoint=…`; undefined if it is malformed.
 *
 * @throws SelvageError `InvalidUrl` for an unknown parameter
 */
export function parseS3Address(address: string): S3Address | undefined {
  const url = urlOf(address);
  if (url === undefined) return undefined;
  requireKnownParameters(url.searchParams, 'an S3 bucket', PARAMETERS);
  return readOptions(url);
}

/** The address with its server, without secrets. */
export function shownS3Address({ bucket, prefix, endpoint }: S3Address): string {
  const server = endpoint === undefined ? '' : ` (${new URL(endpoint).origin})`;
  return `s3://${bucket}${prefix && `/${prefix}`}${server}`;
}

function urlOf(address: string): URL | undefined {
  try {
    return new URL(address);
  } catch {
    // The error of `URL` would contain the whole address.
    return undefined;
  }
}

function readOptions(url: URL): S3Address | undefined {
  try {
    const said = Object.fromEntries(url.searchParams);
    const { endpoint, region, pathStyle, sessionToken } = said;
    const accessKeyId = said['accessKeyId'] ?? decodeURIComponent(url.username);
    const secretAccessKey = said['secretAccessKey'] ?? decodeURIComponent(url.password);
    const isSwitch = pathStyle === undefined || pathStyle === 'true' || pathStyle === 'false';
    const isServer = endpoint === undefined || /^https?:$/.test(new URL(endpoint).protocol);
    if (!isSwitch || !isServer || url.hostname === '' || url.port !== '') return undefined;
    if ((accessKeyId === '') !== (secretAccessKey === '')) return undefined;
    return {
      bucket: decodeURIComponent(url.hostname),
      prefix: decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, ''),
      ...(endpoint !== undefined && { endpoint }),
      ...(region !== undefined && { region }),
      pathStyle: pathStyle === 'true',
      ...(accessKeyId !== '' && {
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      }),
    };
  } catch {
    return undefined;
  }
}
