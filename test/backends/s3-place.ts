import { S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import type { StoredValue } from '../../src/protocols';
import type { S3DataStoreOptions } from '../../src/adapters/data-stores/s3';
import { freshS3Prefix } from '../support/fresh-places';

export interface S3Place {
  readonly options: S3DataStoreOptions & { readonly prefix: string; readonly endpoint: string };
  /** To look, and to meddle, behind the adapter's back. */
  readonly client: S3Client;
  /** Removes all objects, and closes the client. */
  drop(): Promise<void>;
}

/** A place for one test in the bucket of all. */
export async function freshS3Place(): Promise<S3Place> {
  const { service, prefix, drop } = await freshS3Prefix();
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = service;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  return {
    options: { bucket, prefix, endpoint, region, pathStyle: true, credentials },
    client,
    async drop() {
      client.destroy();
      await drop();
    },
  };
}

export function valueKey({ prefix }: S3DataStoreOptions, hash: string): string {
  return `${prefix}/values/${hash.slice(-64, -62)}/${hash.replace(':', '-')}`;
}

const MEBIBYTE = 1024 * 1024;

/** One that is uploaded in parts. */
export function largeValue(): StoredValue {
  const bytes = Buffer.alloc(9 * MEBIBYTE, 'of no account');
  return { hash: `bytes-sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}
