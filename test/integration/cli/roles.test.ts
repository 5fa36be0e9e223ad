import { z } from 'zod';
import { knot, tapestry } from '../../../src';
import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import { uiHandler } from '../../../src/explorer';
import { requestOf } from '../../../src/operations/request';
import { sampleLineage } from '../../../src/testing/sample-records';
import type { Selvage } from '../../../src/client';
import { readFile } from '../../support/doc-snippets';
import { freshPostgresDatabase } from '../../support/fresh-places';
import { Latch } from '../../support/latch';
import {
  closeAll,
  connectSelvage,
  onClose,
  openSelvage,
  temporaryFolder,
  unique,
} from '../../support/open-selvage';
import { queryPostgres } from '../../support/query-postgres';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { recordedOutput } from '../../unit/cli/output-streams';

afterEach(closeAll);

const double = knot('double', ({ x }: { x: number }) => x * 2);
const twice = tapestry('roles', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: double({ x }, { id: 'double' }),
}));

/** More than a worker of the team takes at once. */
const FLOOD = 20;

const GRANTS = /^```sql\n([\s\S]*?)^```/m.exec(readFile('docs/operations/secure.md'))![1]!;

/** What a viewer may do. */
const SHARE = [
  ...readFile('docs/operations/share.md').matchAll(/^\$ npx selvage ((?:runs|history) .*)$/gm),
].map(([, line]) => line!);

function wordsOf(line: string, folder: string, place: readonly string[]): string[] {
  const words = line.split(' ').map((word) => (word === 'exported' ? `${folder}/exported` : word));
  return words[0] === 'runs' ? [...words, ...place] : words;
}

interface Team {
  readonly owner: string;
  readonly worker: string;
  readonly viewer: string;
}

/** A team with a schema and the roles of the page. */
async function team(url: string): Promise<Team> {
  const name = unique('team').replaceAll('-', '_');
  const [worker, viewer] = [`${name}_worker`, `${name}_viewer`];
  for (const role of [worker, viewer])
    await queryPostgres(url, `create role ${role} login password 'secret'`);
  onClose(async () => {
    for (const role of [worker, viewer]) {
      await queryPostgres(url, `drop owned by ${role}`);
      await queryPostgres(url, `drop role ${role}`);
    }
  });
  const address = (role?: string, access?: string): string => {
    const place = new URL(url);
    if (role !== undefined) [place.username, place.password] = [role, 'secret'];
    return `${place.href}?schema=${name}${access === undefined ? '' : `&${access}`}`;
  };
  // Makes the tables.
  await (await openBackends({ url: address(), environment: {} })).close();
  await queryPostgres(url, GRANTS.replaceAll('team_a', name));
  return {
    owner: address(),
    worker: address(worker, 'migrate=false'),
    viewer: address(viewer, 'access=read'),
  };
}

async function database(): Promise<string> {
  const { url, drop } = await freshPostgresDatabase();
  onClose(drop);
  return url;
}

async function open(url: string): Promise<Awaited<ReturnType<typeof openBackends>>> {
  const backends = await openBackends({ url, environment: {} });
  onClose(() => backends.close());
  return backends;
}

test('a worker runs with rights to rows alone, and a viewer sees it and changes nothing', async () => {
  const { worker, viewer } = await team(await database());
  const working = await openSelvage({ tapestries: [twice], backends: await open(worker) });
  const run = await working.start(twice, { x: 4 }, { runId: unique('seen') });
  expect(await run.result()).toMatchObject({ status: 'succeeded', values: { y: 8 } });

  const environment = { ...process.env };
  for (const name of ['SELVAGE_STORE', 'SELVAGE_HISTORY', 'SELVAGE_DATA']) process.env[name] = viewer;
  const folder = await temporaryFolder();
  try {
    const place = ['--address', sharedServerAddress()];
    for (const [words, shown] of [
      [['runs', 'list', ...place], run.runId],
      [['runs', 'show', run.runId, ...place], 'succeeded'],
      [['lineage', '--run', run.runId], 'double'],
      [['stats', '--by', 'tapestry'], 'roles'],
      ...SHARE.map((line) => [wordsOf(line, folder, place), ''] as const),
    ] as const) {
      const { output, stdout, stderr } = recordedOutput();
      const code = await runCommandLine([...words, '--project-dir', folder], output);
      expect({ words, code, text: stdout.text + stderr.text }).toEqual({
        words,
        code: 0,
        text: expect.stringContaining(shown) as string,
      });
    }
  } finally {
    process.env = environment;
  }

  const backends = await open(viewer);
  const selvage = await connectSelvage({ backends });
  const handler = uiHandler({ selvage, authenticate: () => ({ mayRead: true, mayAct: false }) });
  onClose(async () => handler.close());
  for (const [question, ask, shown] of [
    ['runs.list', {}, run.runId],
    ['runs.list', { definition: 'double', outcome: 'ok' }, run.runId],
    ['stats.show', { by: 'definition' }, 'double'],
  ] as const) {
    const url = `http://localhost/api/v1/${requestOf(question, ask).path}`;
    const page = await handler(new Request(url, { headers: { host: 'localhost' } }));
    expect(await page.text()).toContain(shown);
    expect(page.status).toBe(200);
  }

  const refused = {
    code: 'BackendUnavailable',
    message: expect.stringContaining('permission denied') as string,
  };
  await expect(backends.runHistory.commit([sampleLineage()])).rejects.toMatchObject(refused);
  await expect(selvage.start(twice, { x: 1 })).rejects.toMatchObject(refused);
});

test('a viewer sees that a run was terminated on the server, and leaves its record to others', async () => {
  const { worker, viewer } = await team(await database());
  const selvage = await connectSelvage({ backends: await open(worker) });
  const run = await selvage.start(twice, { x: 4 }, { runId: unique('ended') });
  // The server lists a run only some time after it has begun.
  const listed = await until('it is listed', async () => (await selvage.runs.list()).items[0]);
  await selvage.backends.runHistory.startRun({ ...listed, run_id: run.runId });
  // By Temporal's own means, which leave the record as it is.
  await selvage.client.workflow.getHandle(run.runId).terminate();
  const looking = await connectSelvage({ backends: await open(viewer) });
  const { items } = await looking.runs.list();
  expect(items.find(({ run_id }) => run_id === run.runId)).toMatchObject({ status: 'terminated' });
  await looking.getRun(run.runId).terminate();
  expect(await selvage.backends.runHistory.getRun(run.runId)).toMatchObject({ status: 'running' });
});

test('two teams in one database and one namespace do not see each other', async () => {
  const url = await database();
  const [one, other] = [await team(url), await team(url)];
  const [ours, theirs] = [
    await openSelvage({ tapestries: [twice], backends: await open(one.worker) }),
    await openSelvage({ tapestries: [twice], backends: await open(other.worker) }),
  ];
  const run = await ours.start(twice, { x: 4 }, { runId: unique('ours') });
  await run.result();
  expect((await ours.runs.list()).items.map(({ run_id }) => run_id)).toEqual([run.runId]);
  expect((await theirs.runs.list()).items).toEqual([]);
  expect(await theirs.stats({ by: 'tapestry' })).toMatchObject({ items: [] });
  // What nobody of theirs names goes, and nothing of ours.
  const pruned = await theirs.runs.prune({ olderThan: 7_200_000 });
  expect(pruned.runs).toBe(0);
  expect(await ours.backends.runHistory.getRun(run.runId)).toBeDefined();
  // A place of a limit in one schema is none in the other.
  const request = { key: 'limit', token: 't', holder: 'h', limit: 1, ttl: 60_000 };
  expect(await ours.backends.leaseTable.acquire({ ...request, owner: 'a' })).toEqual({ granted: true });
  expect(await theirs.backends.leaseTable.acquire({ ...request, owner: 'b' })).toEqual({ granted: true });
  // Nor may the role of one reach the tables of the other.
  const crossed = new URL(one.worker);
  crossed.searchParams.set('schema', new URL(other.worker).searchParams.get('schema')!);
  await expect(openBackends({ url: crossed.href, environment: {} })).rejects.toMatchObject({
    code: expect.stringMatching(/BackendUnavailable|SchemaTooOld/) as string,
  });
});

test('a team that floods its queue and holds its limit keeps no run of the other waiting', async () => {
  const [holds, release] = [new Latch(), new Latch()];
  onClose(async () => release.open());
  const held = knot('held', { maxConcurrent: 1 }, async ({ by }: { by: string }) => {
    if (by === 'flood') holds.open();
    if (by === 'flood') await release.passed;
    return by;
  });
  // The same names in both, as of teams that do not know of each other.
  const nightly = tapestry('nightly', { parameters: { by: z.string() } }, (_t, { by }) => ({
    end: held({ by }, { id: 'held' }),
  }));
  const url = await database();
  const working = async (name: string): Promise<Selvage> =>
    openSelvage({
      tapestries: [nightly],
      taskQueue: unique(`${name}/nightly`),
      backends: await open((await team(url)).worker),
      workerOptions: { maxConcurrentActivityTaskExecutions: 2 },
    });
  const [flooded, other] = [await working('team-a'), await working('team-b')];
  const flood = await Promise.all(
    Array.from({ length: FLOOD }, () => flooded.start(nightly, { by: 'flood' })),
  );
  await holds.passed;
  for (let index = 0; index < 3; index++)
    expect(await (await other.start(nightly, { by: 'other' })).values()).toEqual({ end: 'other' });
  // None of the flood has ended before.
  expect((await flooded.runs.list({ status: 'succeeded' })).items).toEqual([]);
  expect((await other.runs.waiting()).items).toEqual([]);
  release.open();
  for (const run of flood) expect(await run.values()).toEqual({ end: 'flood' });
});
