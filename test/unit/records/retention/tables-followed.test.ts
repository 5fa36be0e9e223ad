import { randomBytes } from 'node:crypto';
import { knot, runLocally, table, tapestry, type Table } from '../../../../src';
import { openBackends } from '../../../../src/backends';
import { openCapsule, writeCapsule } from '../../../../src/capsule';
import { createEncryption, forgetSubject, withSubject } from '../../../../src/encryption';
import { call } from '../../../../src/operations/call';
import { projectData } from '../../../../src/operations/surroundings';
import type { Backends } from '../../../../src/ports';
import { collectGarbage, copyRecords, planScrub, scrub } from '../../../../src/records/retention';
import { blobsOfTables, tablesInside } from '../../../../src/runtime/table-rows';
import { sampleLineage } from '../../../../src/testing/sample-records';
import { removeFolder, temporaryFolder } from '../../../conformance/temporary-folder';
import { nobody } from '../../../support/page';

const HOUR_MS = 3_600_000;
const Orders = table({ id: 'int64', name: 'utf8' });
const load = knot('load', { output: Orders }, ({ name }: { name: string }) => [{ id: 1n, name }]);
const inside = knot('inside', async ({ of }: { of: string }) => ({
  found: await Orders.from([{ id: 7n, name: of }]),
}));
const shop = tapestry('shop', () => {
  const orders = load({ name: 'ada' }, { id: 'orders' });
  return {
    orders,
    ids: orders.select('id'),
    others: load({ name: 'bob' }, { id: 'others' }),
    inside: inside({ of: 'cy' }, { id: 'inside' }),
  };
});
/** The same ids as the shop has, in another file. */
const Ids = table({ id: 'int64' });
const narrow = tapestry('narrow', () => ({
  ids: knot('load-ids', { output: Ids }, () => [{ id: 1n }])({}, { id: 'ids' }),
}));
const Notes = table({ id: 'int64', note: 'utf8' });
const wider = tapestry('wider', () => {
  const notes = knot('load-notes', { output: Notes }, () => [{ id: 1n, note: 'x' }])({}, { id: 'notes' });
  return { notes, ids: notes.select('id') };
});
const withSecret = (column: string, value: string) =>
  tapestry(column, () => ({
    users: knot(
      'users',
      { output: table({ [column]: 'utf8' }) },
      () => [{ [column]: value }] as never,
    )({}, { id: 'users' }),
  }));
const users = withSecret('password', 'x1y2');
const notes = withSecret('note', 'postgres://ada:x1y2z3@db.example.com/shop');

interface Made {
  readonly runId: string;
  readonly hashes: Readonly<Record<string, string>>;
  /** The tables of the run, also that inside of a value, with the files of their rows. */
  readonly blobs: ReadonlyMap<string, string>;
}

async function made(backends: Backends, subject?: string): Promise<Made> {
  return await withSubject(subject, async () => {
    const { runId, lineage, values } = await runLocally(shop, {}, { backends });
    const hashes = Object.fromEntries(lineage.map(({ knot_id, output_hash }) => [knot_id, output_hash!]));
    const tables = [...Object.values(hashes), (values.inside as { found: Table }).found.hash];
    const blobs = await blobsOfTables(backends.dataStore, tables);
    expect(blobs.size).toBe(4);
    return { runId, hashes, blobs };
  });
}

const presentOf = async ({ dataStore }: Backends, { blobs }: Made, subject?: string): Promise<number> =>
  await withSubject(
    subject,
    async () => (await dataStore.hasMany([...blobs.keys(), ...blobs.values()])).size,
  );

/** When all that was put so far is old. */
async function removedByGc(backends: Backends): Promise<number> {
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + 6 * HOUR_MS);
  try {
    return (await collectGarbage(backends, { grace: 2 * HOUR_MS })).unreferenced.count;
  } finally {
    clock.mockRestore();
  }
}

let folder: string;
let backends: Backends;
beforeEach(async () => void (folder = await temporaryFolder()));
afterEach(async () => {
  await backends.close();
  await removeFolder(folder);
});
const READER = { mayAct: false, isReadOnly: false, maySeeSecrets: true };
const keys = {
  keys: `a:${randomBytes(32).toString('base64')}`,
  digestKeys: `d:${randomBytes(32).toString('base64')}`,
};
const KINDS = ['plain', 'sealed'] as const;
const open = async (kind: (typeof KINDS)[number], file = 'selvage.db'): Promise<Backends> =>
  await openBackends({
    url: `sqlite:${file}`,
    projectDir: folder,
    environment: {},
    ...(kind === 'sealed' && {
      encryption: createEncryption({
        ...keys,
        subjectKeys: 'file:keys',
        projectDir: folder,
      }),
    }),
  });

describe.each(KINDS)('%s', (kind) => {
  beforeEach(async () => void (backends = await open(kind)));

  test('gc leaves the rows of tables that records name, also inside of values', async () => {
    const of = await made(backends);
    expect(await presentOf(backends, of)).toBe(7);
    expect(await removedByGc(backends)).toBe(0);
    expect(await presentOf(backends, of)).toBe(7);
  });

  test('scrub of a table removes its rows, and the selections that have them', async () => {
    const of = await made(backends);
    const { orders, others } = of.hashes;
    const plan = await planScrub(backends, { hashes: [orders!] });
    const found = plan.items.map(({ hash }) => hash);
    expect(found.sort()).toEqual([orders!, of.hashes['orders.select.id']!, of.blobs.get(orders!)!].sort());
    expect(await scrub(backends, plan)).toMatchObject({ removed: 3 });
    expect(await presentOf(backends, of)).toBe(4);
    expect(await backends.dataStore.has(of.blobs.get(others!)!)).toBe(true);
  });

  test('a capsule has the rows, and they are read and checked there', async () => {
    const of = await made(backends);
    const capsule = await openCapsule((await writeCapsule(backends, of.runId)).html);
    expect(await presentOf(capsule.backends, of)).toBe(7);
    const data = { ...projectData(capsule.backends, nobody), caller: READER };
    for (const [hash, first] of [
      [of.hashes['orders']!, ['1', 'ada']],
      [of.hashes['orders.select.id']!, ['1']],
    ] as const)
      expect(await call(data, 'tables.show', { hash })).toMatchObject({ table: { cells: [first] } });
  });

  test.each([users, notes])(
    'a capsule leaves out a table with a secret, and what is redacted, with the rows',
    async (of) => {
      const { runId, lineage } = await runLocally(of, {}, { backends });
      const hash = lineage[0]!.output_hash!;
      const blob = (await blobsOfTables(backends.dataStore, [hash])).get(hash)!;
      const kept = async (options: Parameters<typeof writeCapsule>[2]): Promise<number> => {
        const capsule = await openCapsule((await writeCapsule(backends, runId, options)).html);
        return (await capsule.backends.dataStore.hasMany([hash, blob])).size;
      };
      expect(await kept({})).toBe(0);
      expect(await kept({ secrets: true })).toBe(2);
      expect(await kept({ secrets: true, redact: ['users'] })).toBe(0);
    },
  );

  test('a copy of the history has the rows', async () => {
    const of = await made(backends);
    const to = await open(kind, 'copy.db');
    try {
      expect(await copyRecords({ from: backends, to })).toMatchObject({
        differences: [],
      });
      expect(await presentOf(to, of)).toBe(7);
    } finally {
      await to.close();
    }
  });

  test('scrub of a run removes the rows of all its tables', async () => {
    const of = await made(backends);
    await scrub(backends, await planScrub(backends, { runs: [of.runId] }));
    expect(await presentOf(backends, of)).toBe(0);
  });
});

test('what a subject had is gone with its key: gc removes tables with their rows, and leaves those of others', async () => {
  backends = await open('sealed');
  const hers = await made(backends, 'ada');
  const his = await made(backends, 'bob');
  for (const [{ runId }, subject] of [
    [hers, 'ada'],
    [his, 'bob'],
  ] as const) {
    const run = (await backends.runHistory.getRun(runId))!;
    await backends.runHistory.changeRun(run.temporal_run_id, { details: { subject } });
  }
  expect(await removedByGc(backends)).toBe(0);
  await forgetSubject(backends, 'ada');
  await expect(presentOf(backends, hers, 'ada')).rejects.toMatchObject({ code: 'SubjectForgotten' });
  expect(await removedByGc(backends)).toBe(8);
  expect(await presentOf(backends, his, 'bob')).toBe(7);
});

/** A run of a subject, as the client makes it on record. */
async function runOf(
  of: Parameters<typeof runLocally>[0],
  subject: string | undefined,
): Promise<{
  readonly temporalRunId: string;
  readonly hashes: Readonly<Record<string, string>>;
  /** The tables and their files. */
  readonly files: ReadonlyMap<string, string>;
}> {
  return await withSubject(subject, async () => {
    const { lineage } = await runLocally(of, {}, { backends });
    const temporalRunId = lineage[0]!.temporal_run_id;
    if (subject !== undefined) await backends.runHistory.changeRun(temporalRunId, { details: { subject } });
    const hashes = Object.fromEntries(lineage.map(({ knot_id, output_hash }) => [knot_id, output_hash!]));
    const tables = new Set(Object.values(hashes));
    for (const table of (
      await tablesInside(
        backends.dataStore,
        [...tables].map((hash) => ({ hash })),
      )
    ).keys())
      tables.add(table);
    return { temporalRunId, hashes, files: await blobsOfTables(backends.dataStore, tables) };
  });
}

describe('a table for several subjects, each with a file of its own', () => {
  beforeEach(async () => void (backends = await open('sealed')));

  test.each([
    [undefined, 'ada'],
    ['ada', 'bob'],
  ])('gc keeps the files of all: %s and %s', async (one, other) => {
    const second = await runOf(narrow, other);
    const first = await runOf(shop, one);
    const ids = second.hashes['ids']!;
    expect(first.hashes['orders.select.id']).toBe(ids);
    expect(second.files.get(ids)).not.toBe(first.files.get(ids));
    expect(await removedByGc(backends)).toBe(0);
    for (const [{ files }, subject] of [
      [first, one],
      [second, other],
    ] as const)
      expect(await withSubject(subject, () => backends.dataStore.has(files.get(ids)!))).toBe(true);
  });

  test('gc keeps a file that only the copy of a subject without a record names', async () => {
    const { hashes } = await runOf(shop, undefined);
    const loose = await runOf(narrow, 'ada');
    await backends.runHistory.deleteRun(loose.temporalRunId);
    expect(await removedByGc(backends)).toBe(0);
    const file = loose.files.get(hashes['orders.select.id']!)!;
    expect(await withSubject('ada', () => backends.dataStore.has(file))).toBe(true);
  });

  test('gc keeps a table inside of a value of a subject that no record has made', async () => {
    const { hashes, temporalRunId, files } = await runOf(shop, 'ada');
    const other = await runOf(narrow, 'ada');
    await backends.runHistory.commit([
      sampleLineage({
        knot_id: 'takes',
        temporal_run_id: other.temporalRunId,
        parent_input_hashes: { found: hashes['inside']! },
        constant_input_hashes: {},
        output_hash: other.hashes['ids']!,
      }),
    ]);
    await backends.runHistory.deleteRun(temporalRunId);
    await removedByGc(backends);
    const named = new Set(Object.values(hashes));
    const [table, file] = [...files].find(([one]) => !named.has(one))!;
    const kept = await withSubject('ada', () => backends.dataStore.hasMany([hashes['inside']!, table, file]));
    expect(kept.size).toBe(3);
  });

  test('scrub removes all files, and every table that has rows in one of them', async () => {
    const first = await runOf(shop, undefined);
    const second = await runOf(wider, 'ada');
    const ids = second.hashes['notes.select.id']!;
    expect(first.hashes['orders.select.id']).toBe(ids);
    const plan = await planScrub(backends, { hashes: [ids] });
    const gone = [ids, first.hashes['orders']!, second.hashes['notes']!];
    expect(plan.items.map(({ hash }) => hash).sort()).toEqual(
      [...gone, first.files.get(ids)!, second.files.get(ids)!].sort(),
    );
    await scrub(backends, plan);
    for (const subject of [undefined, 'ada'])
      expect(
        await withSubject(subject, () => backends.dataStore.hasMany(plan.items.map(({ hash }) => hash))),
      ).toEqual(new Set());
  });

  test('a copy of the history has the files of all', async () => {
    const first = await runOf(shop, undefined);
    const second = await runOf(narrow, 'ada');
    const to = await open('sealed', 'copy.db');
    try {
      await copyRecords({ from: backends, to });
      for (const [{ files }, subject] of [
        [first, undefined],
        [second, 'ada'],
      ] as const)
        expect((await withSubject(subject, () => to.dataStore.hasMany([...files.values()]))).size).toBe(
          new Set(files.values()).size,
        );
    } finally {
      await to.close();
    }
  });
});
