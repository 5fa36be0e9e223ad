import { createS3DataStore } from '../../src/adapters/s3';
import { describeDataStore } from '../../src/testing';
import { FaultProxy } from '../support/fault-proxy';
import { describeWith } from '../support/services';
import { damageObject, freshS3Place } from './s3-place';

describeWith('s3')('on the real server', () => {
  describeDataStore('s3', {
    async create() {
      const place = await freshS3Place();
      const proxy = await FaultProxy.to(place.options.endpoint);
      const through = { ...place.options, endpoint: `http://127.0.0.1:${proxy.port}` };
      return {
        adapter: await createS3DataStore(through),
        another: () => createS3DataStore(through),
        cutConnections: async () => void proxy.reset(),
        damage: (hash) => damageObject(place, hash),
        async cleanUp() {
          await proxy.close();
          await place.drop();
        },
      };
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
