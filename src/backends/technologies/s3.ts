import { createS3DataStore, inspectS3Bucket, type S3DataStoreOptions } from '../../adapters/s3';
import { requireKnownParameters } from '../../ports/parts/url-parameters';
import type { Location, Technology } from './technology';

interface S3Location extends Location {
  readonly options: S3DataStoreOptions;
}

const PARAMETERS = ['endpoint', 'region', 'pathStyle', 'accessKeyId', 'secretAccessKey', 'sessionToken'];

export const s3: Technology<S3Location> = {
  name: 's3',
  schemes: ['s3'],
  isServer: true,
  forms: { 'data store': 's3://BUCKET/PREFIX?endpoint=…&region=…&pathStyle=true' },
  parse({ rest }) {
    const url = urlOf(rest);
    if (url === undefined) return undefined;
    requireKnownParameters(url.searchParams, 'an S3 bucket', PARAMETERS);
    const options = readOptions(url);
    if (options === undefined) return undefined;
    const { bucket, prefix, endpoint } = options;
    const server = endpoint === undefined ? '' : ` (${new URL(endpoint).origin})`;
    return {
      technology: 's3',
      key: `s3:${JSON.stringify(options)}`,
      shown: `s3://${bucket}${prefix && `/${prefix}`}${server}`,
      options,
    };
  },
  async open({ options }) {
    const store = await createS3DataStore(options);
    return { dataStore: () => store, close: () => store.close() };
  },
  inspect: ({ options }) => inspectS3Bucket(options),
};

function urlOf(rest: string): URL | undefined {
  try {
    return new URL(`s3:${rest}`);
  } catch {
    // The error of `URL` would contain the whole address.
    return undefined;
  }
}

function readOptions(url: URL): (S3DataStoreOptions & { readonly prefix: string }) | undefined {
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
