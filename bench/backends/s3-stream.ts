import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { openBackends } from 'selvage/backends';
import { s3Service } from '../../test/support/services';
import { limited, readable, type BenchmarkOptions, type Row } from '../benchmark';
import { compare, median } from '../statistics';
import { pieces } from './pieces';
import { freshS3 } from './places';
import { onServices } from './services';
import { memoryRow } from './stream-memory';

const LIMIT = 1.3;

/** 500 MiB of a stream into S3, hashed on their way, against the AWS client's own multipart upload of the same bytes with its own settings. */
export const s3Stream = onServices('500 MB through S3', [
  {
    name: '500 MB through S3',
    place: freshS3,
    run: async (url, options) => [await timeRow(url, options), await memoryRow('S3', url)],
  },
]);

async function timeRow(url: string, { repetitions }: BenchmarkOptions): Promise<Row> {
  const { bucket: Bucket, endpoint, region, accessKeyId, secretAccessKey } = await s3Service();
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const { dataStore, close } = await openBackends({ environment: {}, url: 'memory:', data: url });
  const object = { Bucket, Key: `bench-${randomUUID()}` };
  try {
    const times = await compare(
      repetitions,
      async () => {
        const { hash } = await dataStore.putStream(pieces());
        await dataStore.delete(hash);
      },
      async () => {
        await new Upload({ client, params: { ...object, Body: Readable.from(pieces()) } }).done();
        await client.send(new DeleteObjectCommand(object));
      },
    );
    const [ours, raw] = [median(times.ours), median(times.raw)];
    const remark = `${readable(ours)} ms, AWS client ${readable(raw)} ms`;
    const numbers = { ours: times.ours, raw: times.raw };
    return limited('500 MB through S3, against the AWS client', ours / raw, LIMIT, 'x', numbers, remark);
  } finally {
    await close();
    client.destroy();
  }
}
