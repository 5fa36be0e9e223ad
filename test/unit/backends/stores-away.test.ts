import { InMemoryDataStore } from '../../../src/adapters/memory/data-store';
import {
  type OpenBackendsOptions,
  openBackends,
  awayStores,
  identitiesOf,
  requireSameBackends,
} from '../../../src/backends';
import { isAway } from '../../../src/errors';
import type { Backends } from '../../../src/ports';
import { collectGarbage } from '../../../src/records/retention';
import { sampleLineage, sampleRun, sampleValue } from '../../../src/testing/sample-records';
import { createEncryption } from '../../../src/encryption';
import { isKeyMark } from '../../../src/encryption/key-marks';
import { folderForEach } from '../../conformance/temporary-folder';
import { closedPort } from '../../support/listening';
import { rejectionOf } from '../../support/rejection-of';

const HOUR_MS = 3_600_000;
const KEYS = `k:${Buffer.alloc(32, 7).toString('base64')}`;
const folder = folderForEach();
let backends: Backends | undefined;

afterEach(() => backends?.close());

/** Large values are on a server that is away. */
async function open(isSealed: boolean, others: OpenBackendsOptions = {}): Promise<Backends> {
  const encryption = isSealed ? createEncryption({ keys: KEYS, subjectKeys: 'memory:' }) : false;
  const server = `http://127.0.0.1:${await closedPort()}`;
  return (backends = await openBackends({
    projectDir: folder(),
    environment: {},
    url: 'sqlite:selvage.db',
    largeData: `s3://key:secret@bucket?endpoint=${server}&pathStyle=true`,
    largeValueBytes: 200,
    encryption,
    ...others,
  }));
}

const SMALL = sampleValue('small');
const LARGE = sampleValue('large'.repeat(100));

describe.each([
  ['as they are', false],
  ['sealed', true],
])('with values %s and the server of the large ones away', (_, isSealed) => {
  test('all goes on that needs no large value, and what does says who is away', async () => {
    const { dataStore, runHistory, commit } = await open(isSealed);
    expect(awayStores(backends!)).toMatchObject([{ code: 'BackendUnavailable' }]);
    await runHistory.startRun(sampleRun());
    await commit([{ record: sampleLineage({ output_hash: SMALL.hash }), values: [SMALL] }]);
    expect(await dataStore.getMany([SMALL.hash])).toEqual(new Map([[SMALL.hash, SMALL.bytes]]));
    expect(await dataStore.keep([SMALL.hash])).toEqual(new Set([SMALL.hash]));
    for (const call of [
      dataStore.put([LARGE]),
      dataStore.get(LARGE.hash),
      dataStore.putStream(oneOf(LARGE.bytes)),
      dataStore.delete(SMALL.hash),
    ]) {
      const error = await rejectionOf(call);
      expect(error.message).toMatch(/the S3 bucket "bucket" \(http:\/\/127\.0\.0\.1:\d+\): nothing listens/);
      expect(isAway(error)).toBe(true);
    }
  });

  test('gc does what it can, and says what it has not looked at', async () => {
    const data = new InMemoryDataStore(() => Date.now() - 72 * HOUR_MS);
    const { dataStore } = await open(isSealed, { url: 'memory:', data });
    await dataStore.put([SMALL]);
    const report = await collectGarbage(backends!);
    expect(report).toMatchObject({ complete: false, unavailable: { code: 'BackendUnavailable' } });
    expect(report.unavailable!.message).toContain('the S3 bucket "bucket"');
    const { items } = await data.list();
    expect(items.filter(({ hash }) => !isKeyMark(hash))).toEqual([]);
  });
});

test('a data store that is away on one side is not compared; those that are there are', async () => {
  const own = await identitiesOf(await open(false));
  expect(own).not.toHaveProperty('data');
  await requireSameBackends(backends!, { ...own, data: 'any' });
  expect(await rejectionOf(requireSameBackends(backends!, { ...own, history: 'another' }))).toMatchObject({
    code: 'BackendsDiffer',
  });
});

test('whoever opens late asks no server before a value of it is needed', async () => {
  const server = `http://127.0.0.1:${await closedPort()}`;
  const data = `s3://key:secret@bucket?endpoint=${server}&pathStyle=true`;
  backends = await openBackends({ url: 'memory:', data, environment: {}, openLate: true });
  expect(awayStores(backends)).toEqual([]);
  expect(await backends.runHistory.listRuns()).toEqual({ items: [] });
  expect(isAway(await rejectionOf(backends.dataStore.has(SMALL.hash)))).toBe(true);
});

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
