import { createS3DataStore, inspectS3Bucket, type S3DataStoreOptions } from '../../adapters/s3';
import { parseS3Address, shownS3Address } from '../../adapters/s3/address';
import type { Location, Technology } from './technology';

interface S3Location extends Location {
  readonly options: S3DataStoreOptions;
}

export const s3: Technology<S3Location> = {
  name: 's3',
  schemes: ['s3'],
  isServer: true,
  forms: { 'data store': 's3://BUCKET/PREFIX?endpoint=…&region=…&pathStyle=true' },
  parse({ rest }) {
    const options = parseS3Address(`s3:${rest}`);
    if (options === undefined) return undefined;
    return {
      technology: 's3',
      key: `s3:${JSON.stringify(options)}`,
      shown: shownS3Address(options),
      options,
    };
  },
  async open({ options }) {
    const store = await createS3DataStore(options);
    return { dataStore: () => store, close: () => store.close() };
  },
  inspect: ({ options }) => inspectS3Bucket(options),
};
