import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { DeleteObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { compare, median } from '../statistics';
import { endServices, prepareServices, s3Service } from '../../test/support/services';

const built = createRequire(__filename);
const { createS3DataStore } = built(
  '../../lib/adapters/data-stores/s3',
) as typeof import('../../src/adapters/data-stores/s3');

const MEBIBYTE = 1024 * 1024;
const MEBIBYTES = 500;
const LIMIT = 1.3;
const MEMORY_LIMIT = 200;

/**
 * 500 MiB of a stream into S3 by the data store, which hashes them, against the AWS client's own multipart upload of the same
 * bytes with its own settings. On the server of `SELVAGE_TEST_S3`, or on one that is started for it.
 */
export const s3Stream: Benchmark = {
  name: 'backends: 500 MB through S3',
  async run({ repetitions }) {
    prepareServices();
    const { bucket, endpoint, region, accessKeyId, secretAccessKey } = await s3Service();
    const credentials = { accessKeyId, secretAccessKey };
    const config: S3ClientConfig = { endpoint, region, credentials, forcePathStyle: true };
    const client = new S3Client(config);
    const prefix = `bench-${randomUUID()}`;
    const store = await createS3DataStore({
      bucket,
      prefix,
      endpoint,
      region,
      pathStyle: true,
      credentials,
    });
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    const before = process.memoryUsage.rss();
    try {
      const ours = async (): Promise<void> => {
        const { hash } = await store.putStream(pieces());
        await store.delete(hash);
      };
      const raw = async (): Promise<void> => {
        const object = { Bucket: bucket, Key: `${prefix}/raw` };
        await new Upload({ client, params: { ...object, Body: Readable.from(pieces()) } }).done();
        await client.send(new DeleteObjectCommand(object));
      };
      return rows(await compare(repetitions, ours, raw), (peak - before) / MEBIBYTE);
    } finally {
      clearInterval(watch);
      await store.close();
      client.destroy();
      await endServices();
    }
  },
};

function rows({ ours, raw }: { ours: readonly number[]; raw: readonly number[] }, memory: number): Row[] {
  const [taken, bare] = [median(ours), median(raw)];
  const remark = `${readable(taken)} ms, AWS client ${readable(bare)} ms`;
  return [
    limited('500 MB through S3, against the AWS client', taken / bare, LIMIT, 'x', { ours, raw }, remark),
    limited('memory that these take, both', memory, MEMORY_LIMIT, 'MB', { memory }),
  ];
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < MEBIBYTES; index++) {
    const piece = Buffer.alloc(MEBIBYTE, index & 0xff);
    piece.writeUInt32LE(index);
    yield piece;
  }
}
