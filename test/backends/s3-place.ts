import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import type { StoredValue } from '../../src/ports';
import type { S3DataStoreOptions } from '../../src/adapters/s3';
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

/** Changes a byte of a value, small or large. */
export async function damageObject({ client, options }: S3Place, hash: string): Promise<void> {
  const object = { Bucket: options.bucket, Key: await keyOfBytes() };
  const { Body, ContentType, Metadata } = await client.send(new GetObjectCommand(object));
  const bytes = await Body!.transformToByteArray();
  bytes[bytes.byteLength - 1]! ^= 0xff;
  await client.send(new PutObjectCommand({ ...object, Body: bytes, ContentType, Metadata }));

  /** The key of the bytes; a large value has another key. */
  async function keyOfBytes(): Promise<string> {
    const Key = valueKey(options, hash);
    const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: options.bucket, Key }));
    const stream = Metadata?.['selvage-stream'];
    return stream === undefined ? Key : `${options.prefix}/streams/${stream}`;
  }
}

const MEBIBYTE = 1024 * 1024;

/** One that is uploaded in parts. */
export function largeValue(): StoredValue {
  return bytesValue(Buffer.alloc(9 * MEBIBYTE, 'of no account'));
}

/** A value that has the hash that it gets as a stream. */
export function bytesValue(bytes: Buffer): StoredValue {
  return { hash: `bytes-sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}
