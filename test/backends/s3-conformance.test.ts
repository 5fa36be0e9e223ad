import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { createS3DataStore } from '../../src/adapters/data-stores/s3';
import { describeDataStore } from '../../src/testing';
import { FaultProxy } from '../support/fault-proxy';
import { describeWith } from '../support/services';
import { freshS3Place, valueKey } from './s3-place';

describeWith('s3')('on the real server', () => {
  describeDataStore('s3', {
    async create() {
      const { options, client, drop } = await freshS3Place();
      const proxy = await FaultProxy.to(options.endpoint);
      const through = { ...options, endpoint: `http://127.0.0.1:${proxy.port}` };
      return {
        adapter: await createS3DataStore(through),
        another: () => createS3DataStore(through),
        cutConnections: async () => void proxy.reset(),
        async damage(hash) {
          const object = { Bucket: options.bucket, Key: await bytesOf(hash) };
          const { Body, ContentType } = await client.send(new GetObjectCommand(object));
          const bytes = await Body!.transformToByteArray();
          bytes[0]! ^= 0xff;
          await client.send(new PutObjectCommand({ ...object, Body: bytes, ContentType }));
        },
        async cleanUp() {
          await proxy.close();
          await drop();
        },
      };

      /** The key of the object with the bytes: of a large value, not that of the value. */
      async function bytesOf(hash: string): Promise<string> {
        const Key = valueKey(options, hash);
        const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: options.bucket, Key }));
        const stream = Metadata?.['selvage-stream'];
        return stream === undefined ? Key : `${options.prefix}/streams/${stream}`;
      }
    },
    skip: [
      {
        test: 'takes a put, and a keep, of what is there for its last put',
        reason:
          'S3 lets nobody set the time of an object; s3-deletion.test.ts has it with the clock of the adapter set ahead',
      },
    ],
  });
});
