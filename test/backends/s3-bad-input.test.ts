import { createS3DataStore, type S3DataStoreOptions } from '../../src/adapters/s3';
import { inspectBackends, openBackends } from '../../src/backends';
import { SelvageError, isAway } from '../../src/errors';
import { sampleValue } from '../../src/testing/sample-records';
import { Latch } from '../support/latch';
import { closedPort, listening } from '../support/listening';
import { placeForEach } from '../support/fresh-places';
import { rejectionOf } from '../support/rejection-of';
import { describeWith } from '../support/services';
import { freshS3Place, type S3Place } from './s3-place';

const SECRET = 'a-secret-that-nobody-may-see';

describeWith('s3')('S3: what is wrong is told at open, in one line, without a secret', () => {
  let place: S3Place;
  placeForEach(freshS3Place, (fresh) => (place = fresh));

  async function refusal(changed: Partial<S3DataStoreOptions>): Promise<SelvageError> {
    const error: unknown = await createS3DataStore({ ...place.options, ...changed }).then(
      () => new Error('It was opened.'),
      (reason: unknown) => reason,
    );
    if (!SelvageError.is(error)) throw error;
    expect(error.code).toBe('BackendUnavailable');
    expect(error.message).not.toContain('\n');
    expect(error.message).toContain(changed.bucket ?? place.options.bucket);
    expect(`${JSON.stringify(error)} ${error.stack} ${String(error.cause)}`).not.toContain(SECRET);
    return error;
  }

  test('a bucket that is not there', async () => {
    expect((await refusal({ bucket: 'no-such-bucket' })).message).toMatch(/there is no such bucket/);
  });

  test('an unknown access key', async () => {
    const credentials = { accessKeyId: 'nobody', secretAccessKey: SECRET };
    expect((await refusal({ credentials })).message).toMatch(/does not know the access key/);
  });

  test('a wrong secret key', async () => {
    const credentials = { ...place.options.credentials!, secretAccessKey: SECRET };
    expect((await refusal({ credentials })).message).toMatch(/does not belong to the access key/);
  });

  test('an address where nothing listens', async () => {
    const endpoint = `http://127.0.0.1:${await closedPort()}`;
    expect((await refusal({ endpoint })).message).toMatch(/nothing listens|did not answer in time/);
  });

  test('a server that accepts and never answers, soon', async () => {
    const connected = new Latch();
    const silent = await listening(() => connected.open());
    const endpoint = `http://127.0.0.1:${silent.port}`;
    expect((await refusal({ endpoint, openTimeoutMs: 300 })).message).toMatch(/did not answer in time/);
    await connected.passed;
    await silent.close();
  });

  test('a URL with a password: neither the refusal nor doctor shows it', async () => {
    const { endpoint, bucket } = place.options;
    const url = `s3://nobody:${SECRET}@${bucket}/p?endpoint=${encodeURIComponent(endpoint)}&pathStyle=true`;
    const options = { store: 'memory:', history: 'memory:', data: url };
    const late = await openBackends({ ...options, openLate: true });
    // What somebody has to correct is told at once, unless nobody may need it.
    for (const opening of [openBackends(options), late.dataStore.identity()]) {
      const error = await rejectionOf(opening);
      expect(error).toMatchObject({ code: 'BackendUnavailable' });
      expect(isAway(error)).toBe(false);
      expect(`${JSON.stringify(error)} ${error.message}`).not.toContain(SECRET);
    }
    await late.close();
    const reports = await inspectBackends({
      environment: { SELVAGE_STORE: 'memory:', SELVAGE_HISTORY: 'memory:', SELVAGE_DATA: url },
    });
    const report = reports.find(({ technology }) => technology === 's3')!;
    expect(report.shown).toBe(`s3://${bucket}/p (${endpoint})`);
    expect(SelvageError.is(report.error, 'BackendUnavailable')).toBe(true);
    expect(JSON.stringify(reports)).not.toContain(SECRET);
  });

  test.each([
    's3:',
    's3://',
    's3://bucket?pathstyle=true',
    's3://bucket?endpoint=nowhere',
    's3://key@bucket',
    's3://bucket?pathStyle=yes',
  ])('%s is no address', async (data) => {
    await expect(openBackends({ store: 'memory:', history: 'memory:', data })).rejects.toMatchObject({
      code: 'InvalidUrl',
    });
  });

  test('a URL opens the place that it names, which doctor calls absent before, and current then', async () => {
    const { endpoint, bucket, prefix, credentials } = place.options;
    const { accessKeyId, secretAccessKey } = credentials!;
    const data = `s3://${accessKeyId}:${secretAccessKey}@${bucket}/${prefix}?endpoint=${endpoint}&region=us-east-1&pathStyle=true`;
    const environment = { SELVAGE_STORE: 'memory:', SELVAGE_HISTORY: 'memory:', SELVAGE_DATA: data };
    const state = async (): Promise<string | undefined> =>
      (await inspectBackends({ environment })).find(({ technology }) => technology === 's3')?.state;
    expect(await state()).toBe('absent');
    const backends = await openBackends({ environment });
    const value = sampleValue('by URL');
    await backends.dataStore.put([value]);
    expect(await backends.dataStore.has(value.hash)).toBe(true);
    await backends.close();
    expect(await state()).toBe('current');
  });

  test('a client of the user’s own is used, and not closed', async () => {
    const { bucket, prefix } = place.options;
    const store = await createS3DataStore({ bucket, prefix, client: place.client });
    await store.put([sampleValue('theirs')]);
    await store.close();
    const again = await createS3DataStore({ bucket, prefix, client: place.client });
    expect(await again.has(sampleValue('theirs').hash)).toBe(true);
  });
});
