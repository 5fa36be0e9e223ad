import { createS3DataStore, type S3DataStoreOptions } from '../../src/adapters/s3';
import type { SelvageError } from '../../src/errors';
import { sampleValue } from '../../src/testing/sample-records';
import { setBucketFull } from '../support/full-bucket';
import { rejectionOf } from '../support/rejection-of';
import {
  describeWithPrivate,
  readS3Address,
  startPrivateS3,
  type PrivateService,
  type S3Service,
} from '../support/services';
import { largeValue } from './s3-place';

/** SeaweedFS says no more than that something is wrong with it. */
const FULL = /in trouble .*whether its disk or the bucket's quota is full; it is asked again/;

describeWithPrivate('s3')('S3: a bucket that takes no writes', () => {
  let server: PrivateService;
  let service: S3Service;

  beforeAll(async () => {
    server = await startPrivateS3();
    service = readS3Address(server.address);
  });

  afterAll(() => server.stop());

  const options = (prefix: string): S3DataStoreOptions => {
    const { bucket, endpoint, region, accessKeyId, secretAccessKey } = service;
    const credentials = { accessKeyId, secretAccessKey };
    return { bucket, prefix, endpoint, region, pathStyle: true, credentials };
  };

  function expectClear(error: SelvageError): void {
    expect(error.message).not.toContain('\n');
    expect(error.message).toContain(`"${service.bucket}" (${service.endpoint})`);
    for (const { secretAccessKey } of [service, service.reader!])
      expect(`${JSON.stringify(error)} ${error.stack} ${String(error.cause)}`).not.toContain(secretAccessKey);
  }

  test.each(['new', 'used before'])(
    'a key that may only read is refused when a place is opened: %s',
    async (what) => {
      const place = options(what.replace(' ', '-'));
      if (what === 'used before') await (await createS3DataStore(place)).close();
      const error = await rejectionOf(createS3DataStore({ ...place, credentials: service.reader! }));
      expect(error.code).toBe('BackendUnavailable');
      expect(error.message).toMatch(/Cannot write an object .* do not permit this\. .*s3:PutObject/);
      expectClear(error);
    },
  );

  test.each(['new', 'used before'])('a full bucket is told when a place is opened: %s', async (what) => {
    const place = options(`full-${what.replace(' ', '-')}`);
    if (what === 'used before') await (await createS3DataStore(place)).close();
    await setBucketFull(service, true);
    try {
      const error = await rejectionOf(createS3DataStore(place));
      expect(error.code).toBe('BackendUnavailable');
      expect(error.message).toMatch(FULL);
      expectClear(error);
    } finally {
      await setBucketFull(service, false);
    }
    await (await createS3DataStore(place)).close();
  });

  test('a bucket that becomes full is told by what writes, is read meanwhile, and takes values again when there is room', async () => {
    const store = await createS3DataStore(options('filling'));
    const before = sampleValue('before');
    await store.put([before]);
    await setBucketFull(service, true);
    const after = [sampleValue('after'), largeValue()];
    try {
      for (const value of after) {
        const error = await rejectionOf(store.put([value]));
        expect(error.code).toBe('BackendUnavailable');
        expect(error.message).toMatch(FULL);
        expectClear(error);
      }
      expect(await store.get(before.hash)).toBeDefined();
      expect(await store.hasMany(after.map(({ hash }) => hash))).toEqual(new Set());
    } finally {
      await setBucketFull(service, false);
    }
    await store.put(after);
    expect((await store.hasMany(after.map(({ hash }) => hash))).size).toBe(2);
    await store.close();
  });
});
