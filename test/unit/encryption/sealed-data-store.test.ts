import { randomBytes } from 'node:crypto';
import { InMemorySubjectKeyStore } from '../../../src/adapters/memory';
import { createInMemoryBackends, GroupCommit, openBackends } from '../../../src/backends';
import type { Backends, SubjectKeyStore } from '../../../src/ports';
import {
  createEncryption,
  forgetSubject,
  reseal,
  sealBackends,
  withSubject,
  type Encryption,
} from '../../../src/encryption';
import { sampleLineage, sampleRun, sampleHash, sampleValue } from '../../../src/testing/sample-records';
import { refusal } from '../../support/refusal';

const newKey = (): string => randomBytes(32).toString('base64');

const OLD = `old:${newKey()}`;
const NEW = `new:${newKey()}`;

function encryption(keys: string, subjectKeys: SubjectKeyStore = new InMemorySubjectKeyStore()): Encryption {
  return createEncryption({ keys, subjectKeys });
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function everything(store: Backends['dataStore']): Promise<string> {
  const { items } = await store.list({ limit: 1_000 });
  const found = await store.getMany(items.map(({ hash }) => hash));
  return [...found].map(([name, bytes]) => `${name} ${Buffer.from(bytes).toString('latin1')}`).join('\n');
}

let plain: Backends;
beforeEach(() => {
  plain = createInMemoryBackends();
});

test('neither values nor their hashes are in the store below', async () => {
  const { dataStore } = sealBackends(plain, encryption(OLD));
  const secret = sampleValue('"the secret"');
  await dataStore.put([secret]);
  const { hash } = await dataStore.putStream(once(Buffer.from('the secret stream')));
  const below = await everything(plain.dataStore);
  for (const told of ['secret', secret.hash.slice(7), hash.slice(-64)]) expect(below).not.toContain(told);
  expect(text(await dataStore.get(secret.hash))).toBe('"the secret"');
});

test('a commit seals what it stores, for whom each of its knots works', async () => {
  const backends = sealBackends(plain, encryption(OLD));
  const commits = new GroupCommit(backends);
  const commit = (subject: string | undefined, knot: string) =>
    withSubject(subject, () =>
      commits.commit({ record: sampleLineage({ knot_id: knot }), values: [sampleValue('"v"')] }),
    );
  await Promise.all([commit('a', 'first'), commit('b', 'second'), commit(undefined, 'third')]);
  const seen = (subject?: string) => withSubject(subject, () => backends.dataStore.has(sampleHash('"v"')));
  expect(await Promise.all([seen('a'), seen('b'), seen(), seen('c')])).toEqual([true, true, true, false]);
});

describe('rotation:', () => {
  const subjects = new InMemorySubjectKeyStore();

  test('what was stored before is read, until it is sealed anew and the old key is gone', async () => {
    await plain.dataStore.put([sampleValue('from before')]);
    const before = sealBackends(plain, encryption(OLD, subjects));
    await before.dataStore.put(['one', 'both'].map(sampleValue));
    const large = await before.dataStore.putStream(once(randomBytes(5_000_000)));
    await withSubject('someone', () => before.dataStore.put([sampleValue('theirs')]));
    const between = sealBackends(plain, encryption(`${NEW},${OLD}`, subjects));
    await between.dataStore.put(['both', 'two'].map(sampleValue));
    const hashes = ['one', 'both', 'two', 'from before'].map(sampleHash);
    expect((await between.dataStore.getMany(hashes)).size).toBe(4);
    const listed = (await between.dataStore.list()).items.map(({ hash }) => hash);
    expect(listed.sort()).toEqual([...hashes, large.hash, sampleHash('theirs')].sort());

    expect(await reseal(between)).toEqual({
      key: 'new',
      values: 4,
      subjectKeys: 1,
      damaged: 0,
      freed: ['old'],
    });
    expect(await reseal(between)).toEqual({ key: 'new', values: 0, subjectKeys: 0, damaged: 0, freed: [] });
    const after = sealBackends(plain, encryption(NEW, subjects));
    expect((await after.dataStore.getMany([...hashes, large.hash])).size).toBe(5);
    expect(await withSubject('someone', () => after.dataStore.has(sampleHash('theirs')))).toBe(true);
    expect(await everything(plain.dataStore)).not.toContain('from before');
  });

  test('a reseal that is broken off between store and delete is gone on with', async () => {
    const before = sealBackends(plain, encryption(OLD));
    await before.dataStore.put(['one', 'two'].map(sampleValue));
    const between = sealBackends(plain, encryption(`${NEW},${OLD}`));
    const broken = jest.spyOn(plain.dataStore, 'delete').mockRejectedValueOnce(new Error('killed'));
    await expect(reseal(between)).rejects.toThrow('killed');
    broken.mockRestore();
    expect((await between.dataStore.list()).items).toHaveLength(2);
    expect(await reseal(between)).toMatchObject({ values: 2, freed: ['old'] });
    const after = sealBackends(plain, encryption(NEW));
    expect((await after.dataStore.getMany(['one', 'two'].map(sampleHash))).size).toBe(2);
  });

  test('what does not open stays, and its key is still needed', async () => {
    const before = sealBackends(plain, encryption(OLD));
    await before.dataStore.put([sampleValue('one')]);
    const { items } = await plain.dataStore.list();
    const value = (await plain.dataStore.get(items.at(-1)!.hash))!;
    value[40]! ^= 1;
    const between = sealBackends(plain, encryption(`${NEW},${OLD}`));
    expect(await reseal(between)).toMatchObject({ values: 0, damaged: 1, freed: [] });
    await expect(between.dataStore.get(sampleHash('one'))).rejects.toMatchObject({ code: 'ValueDamaged' });
  });
});

describe('keys that a process lacks:', () => {
  test('it says so, instead of that the value is missing', async () => {
    await sealBackends(plain, encryption(`${NEW},${OLD}`)).dataStore.put([sampleValue('one')]);
    const { dataStore } = sealBackends(plain, encryption(OLD));
    const refused = refusal('KeyMissing', '"new"');
    await expect(dataStore.get(sampleHash('one'))).rejects.toMatchObject(refused);
    await expect(dataStore.getStream(sampleHash('one'))).rejects.toMatchObject(refused);
  });

  test('another key under the same id is told apart', async () => {
    await sealBackends(plain, encryption(OLD)).dataStore.put([sampleValue('one')]);
    const { dataStore } = sealBackends(plain, encryption(`old:${newKey()}`));
    for (const use of [dataStore.get(sampleHash('one')), dataStore.put([sampleValue('two')])])
      await expect(use).rejects.toMatchObject({ code: 'InvalidKey' });
  });

  test('backends do not open without the keys of their data store', async () => {
    const { dataStore, runHistory, tapestryStore, leaseTable } = plain;
    const given = { data: dataStore, history: runHistory, store: tapestryStore, leases: leaseTable };
    const [id, key] = OLD.split(':') as [string, string];
    const open = (environment: Record<string, string>) => openBackends({ ...given, environment });
    const opened = await open({ SELVAGE_KEYS: `${id}:${key}`, SELVAGE_SUBJECT_KEYS: 'memory:' });
    await opened.dataStore.put([sampleValue('one')]);
    await expect(open({})).rejects.toMatchObject({ code: 'KeyMissing' });
    await expect(open({ SELVAGE_KEYS: NEW, SELVAGE_SUBJECT_KEYS: 'memory:' })).rejects.toMatchObject({
      code: 'KeyMissing',
    });
  });
});

describe('subjects:', () => {
  const shared = sampleValue('"equal for both"');

  test('forgetting one leaves the other, and nothing of the first', async () => {
    const store = new InMemorySubjectKeyStore();
    let now = Date.now();
    const own = encryption(OLD, store);
    const backends = sealBackends(plain, own);
    const as = <T>(subject: string, work: () => Promise<T>) => withSubject(subject, work);
    for (const subject of ['a', 'b']) await as(subject, () => backends.dataStore.put([shared]));
    const copy = await everything(plain.dataStore);
    await forgetSubject(backends, 'a');
    await expect(as('a', () => backends.dataStore.get(shared.hash))).rejects.toMatchObject({
      code: 'SubjectForgotten',
    });
    await expect(as('a', () => backends.dataStore.put([shared]))).rejects.toMatchObject({
      code: 'SubjectForgotten',
    });
    expect(text(await as('b', () => backends.dataStore.get(shared.hash)))).toBe('"equal for both"');
    // Nothing was deleted but the key: a backup of the values is as unreadable.
    expect(await everything(plain.dataStore)).toBe(copy);
    const record = await store.get('a');
    expect(record).toMatchObject({ wrapped: null, forgottenAt: expect.any(Number) });
    // Its values have no hash any more; who collects garbage may delete them by their names.
    const listed = (await backends.dataStore.list()).items.map(({ hash }) => hash);
    expect(listed.filter((hash) => hash === shared.hash)).toHaveLength(1);
    const nameless = listed.filter((hash) => hash.startsWith('sealed:'));
    expect(nameless).toHaveLength(1);
    now += 3 * 60 * 60 * 1000;
    expect(await backends.dataStore.deleteUnlessPutSince(nameless, now)).toEqual(nameless);
  });

  test('a process that has the key at hand loses it soon', async () => {
    jest.useFakeTimers();
    try {
      const store = new InMemorySubjectKeyStore();
      const here = sealBackends(plain, encryption(OLD, store));
      const elsewhere = sealBackends(plain, encryption(OLD, store));
      const read = () => withSubject('a', () => here.dataStore.get(shared.hash));
      await withSubject('a', () => here.dataStore.put([shared]));
      await forgetSubject(elsewhere, 'a');
      jest.advanceTimersByTime(15_001);
      await expect(read()).rejects.toMatchObject({ code: 'SubjectForgotten' });
    } finally {
      jest.useRealTimers();
    }
  });

  test('in its scope, what others have is not there, and values of no subject are read', async () => {
    const { dataStore } = sealBackends(plain, encryption(OLD));
    await dataStore.put([shared]);
    await withSubject('a', async () => {
      expect(await dataStore.has(shared.hash)).toBe(false);
      expect(await dataStore.keep([shared.hash])).toEqual(new Set());
      expect(text(await dataStore.get(shared.hash))).toBe('"equal for both"');
    });
    const theirs = sampleValue('theirs');
    await withSubject('a', () => dataStore.put([theirs]));
    for (const subject of ['b', undefined])
      expect(await withSubject(subject, () => dataStore.get(theirs.hash))).toBeUndefined();
  });

  test('outside of any run a hash finds the values of all subjects by the records, and delete removes them', async () => {
    const backends = sealBackends(plain, encryption(OLD));
    const { dataStore, runHistory } = backends;
    for (const subject of ['a', 'b']) {
      await runHistory.startRun(
        sampleRun({ run_id: subject, temporal_run_id: subject, details: { subject } }),
      );
      await withSubject(subject, () =>
        backends.commit([
          {
            record: sampleLineage({ run_id: subject, temporal_run_id: subject, output_hash: shared.hash }),
            values: [shared],
          },
        ]),
      );
    }
    expect(text(await dataStore.get(shared.hash))).toBe('"equal for both"');
    await forgetSubject(backends, 'b', { force: true });
    expect(text(await dataStore.get(shared.hash))).toBe('"equal for both"');
    await dataStore.delete(shared.hash);
    expect(await withSubject('a', () => dataStore.has(shared.hash))).toBe(false);
  });

  test('is refused while its runs work, and where it is not known', async () => {
    const backends = sealBackends(plain, encryption(OLD));
    await withSubject('a', () => backends.dataStore.put([shared]));
    await backends.runHistory.startRun(
      sampleRun({ run_id: 'busy', status: 'running', finished_at: null, details: { subject: 'a' } }),
    );
    await expect(forgetSubject(backends, 'a')).rejects.toMatchObject(refusal('SubjectInUse', 'busy'));
    await expect(forgetSubject(backends, 'nobody')).rejects.toMatchObject({ code: 'UnknownSubject' });
    await expect(forgetSubject(plain, 'a')).rejects.toMatchObject({ code: 'KeyMissing' });
    expect(await forgetSubject(backends, 'a', { force: true })).toMatchObject({ wrapped: null });
  });
});
