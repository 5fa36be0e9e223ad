import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { z } from 'zod';
import { map, knot, runLocally, tapestry } from '../../../../src';
import { type BySizeDataStore } from '../../../../src/backends/by-size-data-store';
import { openBackends } from '../../../../src/backends';
import type { Backends, DataStore } from '../../../../src/ports';
import {
  collectGarbage,
  planScrub,
  scrub,
  setAside,
  type GarbageOptions,
  type GarbageReport,
} from '../../../../src/records/retention';
import { createEncryption, encryptionOf, forgetSubject, withSubject } from '../../../../src/encryption';
import { SealedDataStore } from '../../../../src/encryption/sealed-data-store';
import { sampleLineage, sampleRun, sampleValue } from '../../../../src/testing/sample-records';
import { removeFolder, temporaryFolder } from '../../../conformance/temporary-folder';

const KEYS = `a:${randomBytes(32).toString('base64')}`;
const HOUR_MS = 3_600_000;

let folder: string;
let backends: Backends;
afterEach(async () => {
  await backends.close();
  await removeFolder(folder);
});

async function open(data: string, others: Parameters<typeof openBackends>[0] = {}): Promise<void> {
  folder = await temporaryFolder();
  const encryption = createEncryption({ keys: KEYS, subjectKeys: 'file:keys', projectDir: folder });
  backends = await openBackends({
    url: 'sqlite:selvage.db',
    data,
    projectDir: folder,
    environment: {},
    encryption,
    ...others,
  });
}

/** A run that is over, and has made these values for a subject. */
async function run(subject: string | undefined, ...texts: readonly string[]): Promise<string> {
  const ids = { run_id: randomUUID(), temporal_run_id: randomUUID() };
  await backends.runHistory.startRun(
    sampleRun({ ...ids, status: 'succeeded', parameter_hashes: {}, details: subject ? { subject } : {} }),
  );
  const inputs = { parent_input_hashes: {}, parent_knot_ids: {}, constant_input_hashes: {} };
  await withSubject(subject, () =>
    backends.commit(
      texts.map((text, place) => {
        const value = sampleValue(text);
        const record = sampleLineage({ ...ids, ...inputs, knot_id: `k${place}`, output_hash: value.hash });
        return { record, values: [value] };
      }),
    ),
  );
  return ids.run_id;
}

const put = (subject: string | undefined, text: string): Promise<void> =>
  withSubject(subject, () => backends.dataStore.put([sampleValue(text)]));

const isThere = (subject: string | undefined, text: string): Promise<boolean> =>
  withSubject(subject, () => backends.dataStore.has(sampleValue(text).hash));

/** How many sealed values the store below has, of anybody; the mark of the key is not one. */
async function sealedCount(): Promise<number> {
  const { items } = await (backends.dataStore as SealedDataStore).inner.list();
  return items.length - 1;
}

/** When all that was put so far is old. */
async function later<T>(work: () => Promise<T>): Promise<T> {
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + 6 * HOUR_MS);
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}

const gc = (options: GarbageOptions = {}): Promise<GarbageReport> =>
  later(() => collectGarbage(backends, { grace: 2 * HOUR_MS, ...options }));

const removedByGc = async (): Promise<number> => (await gc()).unreferenced.count;

describe.each(['sqlite:selvage.db', 'sqlite:values.db', 'file:values'])('in %s, sealed:', (data) => {
  beforeEach(() => open(data));

  test('gc leaves what records name, whoever has it, and removes the rest', async () => {
    await run(undefined, 'nobody’s');
    await run('ada', 'hers');
    await run('bob', 'his');
    await put(undefined, 'loose');
    await put('ada', 'her loose');
    expect(await gc({ dryRun: true })).toMatchObject({
      examined: { count: 5 },
      unreferenced: { count: 2, bytes: 'loose'.length + 'her loose'.length },
    });
    expect(await sealedCount()).toBe(5);
    expect(await removedByGc()).toBe(2);
    expect(await sealedCount()).toBe(3);
    expect(await isThere(undefined, 'nobody’s')).toBe(true);
    expect(await isThere('ada', 'hers')).toBe(true);
    expect(await isThere('bob', 'his')).toBe(true);
    expect(await removedByGc()).toBe(0);
    // The key's mark is no garbage: without it, nobody could tell that a key is missing.
    await expect(
      openBackends({ url: 'sqlite:selvage.db', data, projectDir: folder, environment: {} }),
    ).rejects.toMatchObject({ code: 'KeyMissing' });
  });

  test('gc removes all of a subject that was forgotten, and nothing of others', async () => {
    await run('ada', 'both', 'hers');
    await run('bob', 'both');
    await forgetSubject(backends, 'ada');
    expect(await removedByGc()).toBe(2);
    expect(await sealedCount()).toBe(1);
    expect(await isThere('bob', 'both')).toBe(true);
  });

  test('a damaged copy is set aside, and those of others stay', async () => {
    await run('ada', 'both');
    const { inner } = backends.dataStore as SealedDataStore;
    const before = new Set((await inner.list()).items.map(({ hash }) => hash));
    await run('bob', 'both');
    const { hash: his } = (await inner.list()).items.find(({ hash }) => !before.has(hash))!;
    await inner.delete(his);
    await inner.put([{ hash: his, bytes: Buffer.from('what does not open') }]);
    const { hash } = sampleValue('both');
    await setAside(backends.dataStore, hash, folder);
    expect(await isThere('ada', 'both')).toBe(true);
    expect(await isThere('bob', 'both')).toBe(false);
  });

  test('a TTL takes the copies of all', async () => {
    await run('ada', 'both');
    await run('bob', 'both');
    expect((await gc({ ttl: 2 * HOUR_MS })).expired.count).toBeGreaterThan(0);
    expect(await sealedCount()).toBe(0);
  });

  test('scrub by hash removes the copy of every subject, and of nobody', async () => {
    await run('ada', 'all', 'hers');
    await run('bob', 'all');
    await run(undefined, 'all');
    const { hash } = sampleValue('all');
    const plan = await planScrub(backends, { hashes: [hash] });
    expect(plan.items).toMatchObject([{ hash, isThere: true, madeBy: { length: 3 } }]);
    expect([...plan.items[0]!.subjects!].sort()).toEqual(['ada', 'bob']);
    expect(await scrub(backends, plan)).toMatchObject({ removed: 1 });
    expect(await sealedCount()).toBe(1);
    expect(await isThere('ada', 'hers')).toBe(true);
  });

  test('scrub by hash finds what only a subject has', async () => {
    await run('ada', 'hers');
    const plan = await planScrub(backends, { hashes: [sampleValue('hers').hash] });
    expect(plan.items).toMatchObject([{ isThere: true, subjects: ['ada'] }]);
    await scrub(backends, plan);
    expect(await sealedCount()).toBe(0);
  });

  test('scrub by run removes what no record of it names either', async () => {
    const runId = await run('ada', 'hers');
    const { temporal_run_id } = (await backends.runHistory.getRun(runId))!;
    await put('ada', 'as given');
    await backends.runHistory.changeRun(temporal_run_id, {
      details: { given_parameters: [sampleValue('as given').hash] },
    });
    const other = await run('bob', 'his');
    const plan = await planScrub(backends, { runs: [runId] });
    expect(await scrub(backends, plan)).toMatchObject({ removed: 2 });
    expect(await sealedCount()).toBe(1);
    expect((await planScrub(backends, { runs: [other] })).items).toMatchObject([{ isThere: true }]);
  });

  test('scrub by age removes what is sealed for anybody, and of those who were forgotten', async () => {
    await run('ada', 'both');
    await run('bob', 'both', 'his');
    await put('bob', 'his loose');
    await put(undefined, 'loose');
    await forgetSubject(backends, 'ada');
    const plan = await later(() => planScrub(backends, { olderThan: HOUR_MS }));
    expect(await scrub(backends, plan)).toMatchObject({ removed: 5 });
    expect(await sealedCount()).toBe(0);
  });

  test('scrub of the run of a subject that was forgotten says that nothing is there', async () => {
    const runId = await run('ada', 'hers');
    await forgetSubject(backends, 'ada');
    const plan = await planScrub(backends, { runs: [runId] });
    expect(plan.items).toMatchObject([{ isThere: false }]);
    expect(await scrub(backends, plan)).toMatchObject({ removed: 0 });
  });
});

const people = knot('people', ({ of }: { of: string }) => [`${of} 1`, `${of} 2`]);
const greet = knot('greet', ({ person }: { person: string }) => `hello ${person}`);
const greetings = tapestry('greetings', (t) => {
  const of = t.parameter('of', z.string());
  const list = people({ of }, { id: 'list' });
  return { greeted: map({ over: list, each: greet, bind: 'person' }, { id: 'greeted' }) };
});

test('a map whose subject was forgotten can be planned', async () => {
  await open('file:values');
  await withSubject('ada', () => runLocally(greetings, { of: 'x' }, { backends, runId: 'mapped' }));
  const { temporal_run_id } = (await backends.runHistory.getRun('mapped'))!;
  await backends.runHistory.changeRun(temporal_run_id, { details: { subject: 'ada' } });
  const before = await planScrub(backends, { runs: ['mapped'] });
  expect(before.items.filter(({ isThere }) => isThere).length).toBeGreaterThan(4);
  await forgetSubject(backends, 'ada');
  const after = await planScrub(backends, { runs: ['mapped'] });
  expect(after.items.filter(({ isThere }) => isThere)).toEqual([]);
});

test.each([
  { of: 'sealed values', encryption: true },
  { of: 'values by size', encryption: false },
])('purge reaches the store below: $of', async ({ encryption }) => {
  await open('sqlite:selvage.db', {
    largeData: 'file:large',
    ...(encryption ? {} : { encryption: false }),
  });
  expect(encryptionOf(backends) !== undefined).toBe(encryption);
  const { dataStore } = backends;
  const small = (dataStore instanceof SealedDataStore ? dataStore.inner : dataStore) as BySizeDataStore;
  const runId = await run(undefined, 'a mark that is searched for');
  const [stored] = (await small.small.list()).items.filter(({ hash }) => !/^sealed:0{94}/.test(hash));
  const bytes = Buffer.from((await small.small.get(stored!.hash))!).toString('latin1');
  expect(await onDisk()).toContain(bytes);
  await scrub(backends, await planScrub(backends, { runs: [runId] }));
  expect(await onDisk()).not.toContain(bytes);
});

test('what could not be purged is purged by the next scrub of the same values, though they are not there', async () => {
  await open('sqlite:selvage.db');
  const runId = await run('ada', 'hers');
  const purge = jest.spyOn(backends.dataStore as Required<DataStore>, 'purge');
  purge.mockRejectedValueOnce(new Error('busy'));
  await expect(scrub(backends, await planScrub(backends, { runs: [runId] }))).rejects.toThrow('busy');
  expect(await sealedCount()).toBe(0);
  const again = await planScrub(backends, { runs: [runId] });
  expect(again.items).toMatchObject([{ isThere: false }]);
  expect(await scrub(backends, again)).toMatchObject({ removed: 0 });
  expect(purge).toHaveBeenCalledTimes(2);
  const { details } = (await backends.runHistory.getRun(runId))!;
  expect(details['scrubs']).toHaveLength(1);
});

async function onDisk(): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.startsWith('selvage.db'));
  const contents = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'latin1')));
  return contents.join('\n');
}
