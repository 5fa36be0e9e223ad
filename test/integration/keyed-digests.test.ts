import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { knot, sleep, tapestry, waitForSignal } from '../../src';
import { openBackends } from '../../src/backends';
import type { Selvage } from '../../src/client';
import type { Backends, LineageRecord, RunRecord } from '../../src/ports';
import { planScrub } from '../../src/records/retention';
import { createEncryption, encryptionOf, type SealedDataStore } from '../../src/encryption';
import { everyWay, inner, part, step } from '../support/every-way';
import { historiesOf } from '../support/history';
import {
  closeAll,
  connectSelvage,
  onClose,
  openSelvage,
  startWorker,
  temporaryFolder,
  unique,
} from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { until } from '../support/until';

afterEach(closeAll);

const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const SEAL = newKey('seal');
const FIRST = newKey('first');
const SECOND = newKey('second');

const none = knot('none', (_: { of: string }) => 0);
const joined = knot('joined', ({ a, b }: { a: string; b: string }) => `${a} ${b}`);

/** What waits for a signal, and passes on values from before it. */
const waiting = tapestry('digests-waiting', (t) => {
  const name = t.parameter('name', z.string());
  const before = part({ name }, { id: 'before' });
  const said = waitForSignal('said', z.string(), { id: 'said' });
  const ms = none({ of: said }, { id: 'ms' });
  const passed = sleep({ ms, input: before }, { id: 'passed' });
  return {
    end: joined({ a: passed, b: said }, { id: 'end' }),
    name: sleep({ ms, input: name }, { id: 'name' }),
  };
});

async function backendsOf(folder: string, digestKeys?: string): Promise<Backends> {
  const backends = await openBackends({
    url: 'sqlite:selvage.db',
    data: 'file:values',
    projectDir: folder,
    environment: {},
    encryption: createEncryption({
      keys: SEAL,
      subjectKeys: 'memory:',
      // So that what a search of the history finds is what is in it.
      payloads: false,
      ...(digestKeys !== undefined && { digestKeys }),
    }),
  });
  onClose(() => backends.close());
  return backends;
}

/** Plain SHA-256 of everything in the data store, and of the parameters together, in both spellings of hashes. */
async function plainHashes({ dataStore }: Backends): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const add = (what: string, bytes: Uint8Array): void => {
    const digest = createHash('sha256').update(bytes).digest();
    for (const spelling of ['hex', 'base64url'] as const) found.set(digest.toString(spelling), what);
  };
  add('parameters', Buffer.from('{"count":3,"n":40,"name":"Ada"}'));
  for (const { hash } of (await dataStore.list({ limit: 1_000 })).items) {
    const pieces: Uint8Array[] = [];
    for await (const piece of (await dataStore.getStream(hash))!) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    add(hash, bytes);
    // Elements of lists go into elements of maps as values by themselves.
    for (const element of bytes[0] === '['.charCodeAt(0) ? (JSON.parse(bytes.toString()) as unknown[]) : [])
      add(`element of ${hash}`, Buffer.from(JSON.stringify(element)));
  }
  return found;
}

/** All that is to be read without a key, by where it is. */
async function inClear(selvage: Selvage, runId: string): Promise<Record<string, string>> {
  const { runHistory, dataStore } = selvage.backends;
  const runs = (await runHistory.listRuns({ limit: 1_000 })).items;
  const lineage: LineageRecord[] = [];
  for (const run of runs) lineage.push(...(await runHistory.getRecords(run.temporal_run_id)));
  const below = (await (dataStore as SealedDataStore).inner.list({ limit: 1_000 })).items;
  return {
    // Constants of a tapestry are in its plan, in clear.
    records: JSON.stringify([runs, lineage.map((record) => ({ ...record, constant_input_hashes: {} }))]),
    histories: await historiesOf(selvage, runId),
    names: below.map(({ hash }) => hash).join('\n'),
  };
}

async function runAll(backends: Backends, inlineLimit = 2_048) {
  const selvage = await openSelvage({ tapestries: [everyWay, inner, step], backends, inlineLimit });
  const run = await selvage.start(everyWay, { name: 'Ada', n: 40, count: 3 }, { runId: unique('digests') });
  await run.signal('said', 'yes');
  const { outputs, status, outcomes } = await run.result();
  expect(status).toBe('succeeded');
  expect(outputs).toMatchObject({
    much: 'Ada'.repeat(1_000),
    queued: ['<Ada-a>', '<Ada-b>', '<Ada-c>'],
    gathered: ['<Ada-a>', '<Ada-b>', '<Ada-c>'],
    loop: { n: 42 },
    either: 'Ada',
    end: 'Ada yes',
  });
  expect(outcomes['deep']).toMatchObject({ kind: 'err', error: { traceback_hash: expect.anything() } });
  return { selvage, run };
}

async function recordOf(selvage: Selvage, runId: string): Promise<RunRecord> {
  return (await selvage.backends.runHistory.getRun(runId))!;
}

/** By knot. */
async function hashesOf(selvage: Selvage, runId: string): Promise<Record<string, string | null>> {
  const { temporal_run_id } = await recordOf(selvage, runId);
  const records = await selvage.backends.runHistory.getRecords(temporal_run_id);
  return Object.fromEntries(records.map(({ knot_id, output_hash }) => [knot_id, output_hash]));
}

/** Its parameter and the knot before its wait are on record. */
async function isBegun({ backends: { runHistory } }: Selvage, runId: string): Promise<boolean> {
  const run = await runHistory.getRun(runId);
  return run !== undefined && (await runHistory.getRecords(run.temporal_run_id)).length === 2;
}

test('without a digest key, records and history have plain hashes of values; the names of what is stored have none', async () => {
  const { selvage, run } = await runAll(await backendsOf(await temporaryFolder()));
  const plain = await plainHashes(selvage.backends);
  expect(plain.size).toBeGreaterThan(35);
  const { records, histories, names } = await inClear(selvage, run.runId);
  const foundIn = (text: string): string[] => [...plain.keys()].filter((hash) => text.includes(hash));
  expect(foundIn(records!).length).toBeGreaterThan(20);
  expect(foundIn(histories!).length).toBeGreaterThan(5);
  // In the one place or the other, there are all of them.
  const missed = new Set(plain.values());
  for (const hash of [...foundIn(records!), ...foundIn(histories!)]) missed.delete(plain.get(hash)!);
  expect([...missed]).toEqual([]);
  expect(foundIn(names!)).toEqual([]);
});

test.each([2_048, 3])(
  'with one, no plain hash of any value is in records, history or names (inlineLimit: %d)',
  async (inlineLimit) => {
    const { selvage, run } = await runAll(await backendsOf(await temporaryFolder(), FIRST), inlineLimit);
    const plain = await plainHashes(selvage.backends);
    expect(plain.size).toBeGreaterThan(35);
    for (const text of Object.values(await inClear(selvage, run.runId)))
      expect([...plain].filter(([hash]) => text.includes(hash))).toEqual([]);
    const { tag } = encryptionOf(selvage.backends)!.digests.current;
    // Asks the history: on the server, others may begin runs at the same time.
    const runs = (await selvage.backends.runHistory.listRuns()).items;
    expect(runs.length).toBeGreaterThan(3);
    for (const { details } of runs) expect(details['digest_key']).toBe(tag);
  },
);

test('scrub finds what a run has stored, slices too, by the key of the run, and says where it lacks it', async () => {
  const folder = await temporaryFolder();
  const { selvage, run } = await runAll(await backendsOf(folder, FIRST));
  const stored = (await selvage.backends.dataStore.list({ limit: 1_000 })).items.map(({ hash }) => hash);
  const rotated = await backendsOf(folder, `${SECOND},${FIRST}`);
  const plan = await planScrub(rotated, { runs: [run.runId] });
  expect(plan.items.map(({ hash }) => hash)).toEqual(expect.arrayContaining(stored));
  const lacks = planScrub(await backendsOf(folder, SECOND), { runs: [run.runId] });
  expect(await rejectionOf(lacks)).toMatchObject({ code: 'KeyMissing' });
});

test('what was stored before, and under an earlier key, is read; values are reused under the same key', async () => {
  const folder = await temporaryFolder();
  const seen: string[] = [];
  const cachedOf = async (digestKeys?: string) => {
    const backends = await backendsOf(folder, digestKeys);
    const selvage = await openSelvage({ tapestries: [cached], backends });
    for (const earlier of seen) expect((await selvage.getRun(earlier).result()).outputs['end']).toBe('Ada!');
    const run = await selvage.start(cached, { name: 'Ada' }, { runId: unique('cached') });
    expect(await run.values()).toEqual({ end: 'Ada!' });
    seen.push(run.runId);
    const records = await run.lineage();
    await selvage.close();
    return records.find(({ knot_id }) => knot_id === 'end')!;
  };
  const cached = tapestry('digests-cached', (t) => ({
    end: part({ name: t.parameter('name', z.string()) }, { id: 'end', cache: { codeHash: 'source' } }),
  }));
  const before = await cachedOf();
  const [first, again] = [await cachedOf(`${FIRST},plain`), await cachedOf(FIRST)];
  const rotated = await cachedOf(`${SECOND},${FIRST}`);
  expect([before, first, again, rotated].map(({ cached_from_run }) => cached_from_run)).toEqual([
    null,
    null,
    seen[1],
    null,
  ]);
  expect(new Set([before, first, rotated].map(({ output_hash }) => output_hash)).size).toBe(3);
  expect(again.output_hash).toBe(first.output_hash);
});

test('a run hashes with the key that it began with, whatever its workers have in front by then', async () => {
  const folder = await temporaryFolder();
  const backends = await backendsOf(folder, FIRST);
  const client = await connectSelvage({ backends });
  let worker = await startWorker(client, { tapestries: [waiting], backends });
  const run = await client.start(waiting, { name: 'Ada' }, { runId: unique('in-flight') });
  await until('the knot before the wait is done', () => isBegun(client, run.runId));
  await worker.stop();

  const lacks = await backendsOf(folder, SECOND);
  worker = await startWorker(client, { tapestries: [waiting], backends: lacks });
  const sent = run.signal('said', 'yes');
  await until('the activity that is to check the signal is refused', async () => {
    const { raw } = await client.client.workflow.getHandle(run.runId).describe();
    return raw.pendingActivities?.some(({ lastFailure }) =>
      lastFailure?.message?.includes('SELVAGE_DIGEST_KEYS'),
    );
  });
  await worker.stop();

  const rotated = await backendsOf(folder, `${SECOND},${FIRST}`);
  await startWorker(client, { tapestries: [waiting], backends: rotated });
  await sent;
  expect(await run.values()).toEqual({ end: 'Ada! yes', name: 'Ada' });
  const hashes = await hashesOf(client, run.runId);
  expect(hashes['passed']).toBe(hashes['before']);
  expect(hashes['name']).toBe(hashes['param:name']);
});

test('a run that began before there was a key goes on without one', async () => {
  const folder = await temporaryFolder();
  const client = await connectSelvage({ backends: await backendsOf(folder) });
  const worker = await startWorker(client, { tapestries: [waiting] });
  const run = await client.start(waiting, { name: 'Ada' }, { runId: unique('plain') });
  await until('the knot before the wait is done', () => isBegun(client, run.runId));
  await worker.stop();
  const keyed = await connectSelvage({
    backends: await backendsOf(folder, FIRST),
    taskQueue: client.taskQueue,
  });
  await startWorker(keyed, { tapestries: [waiting] });
  await keyed.getRun(run.runId).signal('said', 'yes');
  expect(await keyed.getRun(run.runId).values()).toEqual({ end: 'Ada! yes', name: 'Ada' });
  const hashes = await hashesOf(client, run.runId);
  const ofAda = createHash('sha256').update('"Ada"').digest('hex');
  expect([hashes['param:name'], hashes['name']]).toEqual([`sha256:${ofAda}`, `sha256:${ofAda}`]);
});

test('what is resumed under a new key takes over values of an earlier one, and passes them on', async () => {
  const folder = await temporaryFolder();
  let isBroken = true;
  const breaks = knot('breaks', (_: { name: string }) => {
    if (isBroken) throw new Error('broken');
    return 0;
  });
  const broken = tapestry('digests-broken', (t) => {
    const name = t.parameter('name', z.string());
    const done = part({ name }, { id: 'done' });
    const end = breaks({ name: done }, { id: 'end' });
    return { end, name: sleep({ ms: end, input: name }, { id: 'passed' }) };
  });
  const first = await openSelvage({ tapestries: [broken], backends: await backendsOf(folder) });
  const failed = await first.start(broken, { name: 'Ada' }, { runId: unique('broken') });
  expect((await failed.result()).status).toBe('failed');
  await first.close();
  isBroken = false;
  const keyed = await openSelvage({ tapestries: [broken], backends: await backendsOf(folder, FIRST) });
  const run = await keyed.resume(failed.runId, { runId: unique('resumed') });
  expect(await run.values()).toEqual({ end: 0, name: 'Ada' });
});

test('an equal start attaches to a run that began under an earlier key', async () => {
  const folder = await temporaryFolder();
  const idempotencyKey = unique('order');
  const simple = tapestry('digests-simple', (t) => ({
    end: part({ name: t.parameter('name', z.string()) }, { id: 'end' }),
  }));
  const runs = new Set<string>();
  for (const digestKeys of [undefined, FIRST, `${SECOND},${FIRST}`]) {
    const selvage = await openSelvage({
      tapestries: [simple],
      backends: await backendsOf(folder, digestKeys),
    });
    const run = await selvage.start(simple, { name: 'Ada' }, { idempotencyKey });
    expect(await run.values()).toEqual({ end: 'Ada!' });
    runs.add((await recordOf(selvage, run.runId)).temporal_run_id);
    expect(await rejectionOf(selvage.start(simple, { name: 'Bob' }, { idempotencyKey }))).toMatchObject({
      code: 'RunIdInUse',
    });
    await selvage.close();
  }
  expect(runs.size).toBe(1);
});

test('a run that is started past Selvage has the key of its worker', async () => {
  const selvage = await openSelvage({
    tapestries: [inner],
    backends: await backendsOf(await temporaryFolder(), FIRST),
  });
  const handle = await selvage.client.workflow.start('every-inner', {
    workflowId: unique('bare'),
    taskQueue: selvage.taskQueue!,
    args: [{ name: 'Ada' }],
  });
  await handle.result();
  const { tag, of } = encryptionOf(selvage.backends)!.digests.current;
  const record = await recordOf(selvage, handle.workflowId);
  expect(record.details['digest_key']).toBe(tag);
  expect(record.parameter_hashes).toEqual({ name: `sha256:${of('"Ada"')}` });
});
