import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MIGRATIONS } from '../../../src/adapters/sqlite/migrations';
import { Selvage } from '../../../src/client';
import type { RunRecord } from '../../../src/ports';
import { everyItem } from '../../../src/ports/parts/every-item';
import { ServerReach } from '../../../src/explorer/page-server';
import { beginsCommands, type Command, makeCommandProject, runCommand } from '../../support/command-line';
import { readFile } from '../../support/doc-snippets';
import { closeAll, onClose, temporaryFolder, unique } from '../../support/open-selvage';
import { fileAt, lacksCommit, packageAt, sourcesAt } from '../../support/packed-commit';
import { openPage } from '../../support/page';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';
import { held, many, nested } from './upgrade/pipeline';

/**
 * The older version: the first commit with the tables of today. Once there is a release, its package takes this place. Before, tables and
 * interpreter change in place: whoever changes them names a commit here, after that change, with which the test passes again.
 */
const OLDER = 'c1bd3984a2338d6722b54045b24d118f0109f101';

/** A commit with other tables. */
const OTHER_TABLES = '1c6a58e9626eb259bc10c3971d2b35cb28d75f10';

const MIGRATIONS_FILE = 'src/adapters/sqlite/migrations.ts';
const hasTablesOfToday = (commit: string): boolean =>
  fileAt(commit, MIGRATIONS_FILE).includes(`'${Object.keys(MIGRATIONS)[0]!}'`);

const lacksOlder =
  lacksCommit(OLDER) ??
  (hasTablesOfToday(OLDER) ? undefined : `the tables have changed since ${OLDER}: name a later commit`);
const lacksOther = lacksCommit(OTHER_TABLES);

/** How long old workers have load. An hour, before a release: SELVAGE_TEST_UPGRADE_MINUTES=60. */
const MINUTES = Number(process.env['SELVAGE_TEST_UPGRADE_MINUTES'] ?? 1);
/** Runs of the load at a time. */
const ABREAST = 6;

/** A test that is skipped says why in its name. */
const testUnless = (lacks: string | undefined, name: string, body: () => Promise<void>): void =>
  lacks === undefined ? test(name, body, MINUTES * 60_000 + 1_200_000) : test.skip(`${name}: ${lacks}`, body);

const PIPELINE = readFile('test/integration/deploys/upgrade/pipeline.ts');

/** What the page asks the new version before a deploy. */
const COMMANDS = [...readFile('docs/operations/upgrade.md').matchAll(/^\$ npx selvage (.*)$/gm)]
  .map(([, line]) => line!)
  .filter((line) => !line.startsWith('worker'));

const begin = beginsCommands();
afterEach(closeAll);
afterAll(removeProjects);

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

async function folderForPackage(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-older-'));
  folders.push(folder);
  return folder;
}

let olderPackage: Promise<string> | undefined;
/** Packed once, which takes a minute. */
const older = (): Promise<string> =>
  (olderPackage ??= folderForPackage().then((folder) => packageAt(OLDER, folder)));

testUnless(
  lacksOlder,
  'a run that either version began ends under the other, and both work beside each other on one queue and one database',
  async () => {
    const olderDir = await older();
    const projectDir = await temporaryFolder();
    const server = ['--address', sharedServerAddress(), '--project-dir', projectDir];
    const queue = unique('upgrade');
    // The older package has the option under its old name.
    const placeOf = (version: string): string[] => [
      ...server,
      version === 'older' ? '--queue' : '--task-queue',
      queue,
    ];
    const selvage = await Selvage.connect({ address: sharedServerAddress(), projectDir });
    onClose(() => selvage.close());

    const programs = {
      older: { project: makeCommandProject({ 'pipeline.ts': PIPELINE }, olderDir), from: olderDir },
      newer: { project: makeCommandProject({ 'pipeline.ts': PIPELINE }), from: undefined },
    };
    type Version = keyof typeof programs;
    const startWorker = async (version: Version): Promise<Command> => {
      const { project, from } = programs[version];
      const environment = { VERSION: version };
      const worker = begin(project, ['worker', 'pipeline.ts', ...placeOf(version)], environment, {
        packageDir: from,
      });
      await worker.hasWritten(/Worker of/);
      return worker;
    };
    const stop = async (worker: Command): Promise<void> => {
      worker.signal('SIGTERM');
      expect(await worker.finished).toMatchObject({ code: 0 });
    };
    const command = async (version: Version, ...words: string[]): Promise<string> => {
      const { project, from } = programs[version];
      const { code, stdout, stderr } = await runCommand(project, words, {}, { packageDir: from });
      expect({ words, code, stderr }).toEqual({ words, code: 0, stderr });
      return stdout;
    };
    const start = async (version: Version, tapestry: string): Promise<string> => {
      const words = ['run', 'pipeline.ts', '--tapestry', tapestry, '--detach', '--json', ...placeOf(version)];
      return (JSON.parse(await command(version, ...words)) as { runId: string }).runId;
    };
    const heldBy = async (version: Version): Promise<string> => {
      const runId = await start(version, 'held');
      await until('it waits', async () =>
        (await selvage.getRun(runId).status()).waiting?.knots?.some(
          // While its parent has not ended, it is listed as blocked.
          ({ knotId, state }) => knotId === 'approval' && state !== 'blocked',
        ),
      );
      return runId;
    };
    const approve = (version: Version, runId: string): Promise<string> =>
      command(version, 'signal', runId, 'approve', '{"by":"Anna"}', ...server);
    const end = async (runId: string): Promise<unknown> =>
      (await selvage.getRun<{ end: string }>(runId).values()).end;

    const first = await startWorker('older');
    const kept = await heldBy('older');
    for (const line of COMMANDS) {
      const words = line.replace(/nightly-[0-9a-f]+/, kept).split(' ');
      const place = words[0] === 'migrate' ? ['--project-dir', projectDir] : server;
      expect(await command('newer', ...words, ...place)).toMatch(/done|replays/);
    }
    const second = await startWorker('newer');
    const seen = new Set<string>();
    const shared: string[] = [];
    // Whoever is free takes an element: until each has had some, in runs of which either decides what is next.
    await until('both work', async () => {
      const runId = await start(shared.length % 2 === 0 ? 'older' : 'newer', 'many');
      shared.push(runId);
      for (const version of (await selvage.getRun<{ versions: string[] }>(runId).values()).versions)
        seen.add(version);
      return seen.size === 2;
    });
    await stop(first);
    await approve('newer', kept);
    expect(await end(kept)).toBe('older, then newer');

    const page = await openPage({ backends: selvage.backends, reach: ServerReach.of(selvage) });
    const { items } = await page.ask('runs.list', {});
    expect(items.map(({ runId, status }) => [runId, status]).sort()).toEqual(
      [kept, ...shared].map((runId) => [runId, 'succeeded']).sort(),
    );
    const listed = (text: string): unknown[] => (JSON.parse(text) as { items: unknown[] }).items;
    expect(listed(await command('newer', 'runs', 'list', '--json', ...server))).toHaveLength(
      shared.length + 1,
    );

    // Back: what the newer one has begun and written.
    const begun = await heldBy('newer');
    await stop(second);
    await startWorker('older');
    await approve('older', begun);
    expect(await end(begun)).toBe('newer, then older');
    expect(listed(await command('older', 'runs', 'list', '--json', ...server))).toHaveLength(
      shared.length + 2,
    );
  },
);

testUnless(
  lacksOlder,
  `${MINUTES} min of load of a new client on old workers, which come and go: each run ends as it must, and is on record once`,
  async () => {
    const olderDir = await older();
    const projectDir = await temporaryFolder();
    const taskQueue = unique('load');
    const address = sharedServerAddress();
    const selvage = await Selvage.connect({ address, projectDir, taskQueue });
    onClose(() => selvage.close());
    const project = makeCommandProject({ 'pipeline.ts': PIPELINE }, olderDir);
    const startWorker = async (): Promise<Command> => {
      const words = ['worker', 'pipeline.ts', '--address', address, '--project-dir', projectDir];
      const options = { packageDir: olderDir };
      const worker = begin(project, [...words, '--queue', taskQueue], { VERSION: 'older' }, options);
      await worker.hasWritten(/Worker of/);
      return worker;
    };
    const kinds = [
      async (runId: string) => {
        const run = await selvage.start(held, {}, { runId });
        await run.signal('approve', { by: 'Anna' });
        expect(await run.values()).toEqual({ end: 'older, then older' });
      },
      async (runId: string) => {
        const run = await selvage.start(many, {}, { runId });
        expect(await run.values()).toEqual({ versions: Array.from({ length: 30 }, () => 'older') });
      },
      async (runId: string) => {
        const run = await selvage.start(nested, {}, { runId });
        expect(await run.values()).toEqual({ inner: { said: 'older' } });
      },
    ];

    let worker = await startWorker();
    const end = performance.now() + MINUTES * 60_000;
    let started = 0;
    const lane = async (): Promise<void> => {
      while (performance.now() < end) {
        const number = started++;
        await kinds[number % kinds.length]!(`load-${number}`);
      }
    };
    const lanes = Promise.all(Array.from({ length: ABREAST }, lane));
    let isOver = false;
    const over = lanes.finally(() => (isOver = true));
    // By turns stopped and killed, each in the middle of the load.
    for (let turn = 0; !isOver; turn++) {
      const goal = started + 10 * ABREAST;
      await Promise.race([over, until('some more runs', () => isOver || started >= goal, 600_000)]);
      if (isOver) break;
      const next = await startWorker();
      worker.signal(turn % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      await worker.finished;
      worker = next;
    }
    await over;
    process.stdout.write(`${started} runs of a new client on old workers, in ${MINUTES} min\n`);

    const runs = await everyRun(selvage);
    const wanted = Array.from({ length: started }, (_, number) => `load-${number}`);
    expect(runs.filter(({ status }) => status !== 'succeeded')).toEqual([]);
    expect(
      runs
        .map(({ run_id }) => run_id.split('/')[0])
        .filter((id, at, all) => all.indexOf(id) === at)
        .sort(),
    ).toEqual(wanted.sort());
    // One plan of each, whoever made it.
    for (const { name } of [held, many, nested])
      expect(
        new Set(runs.filter(({ tapestry }) => tapestry === name).map(({ plan_hash }) => plan_hash)).size,
      ).toBe(1);
  },
);

async function everyRun({ backends }: Selvage): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for await (const run of everyItem((page) => backends.runHistory.listRuns(page))) runs.push(run);
  return runs;
}

/** Keeps a run in a project, or says which runs and values it finds there. */
const IN_PROJECT = `
const { openBackends } = require('./src/backends');
const { knot, runLocally, tapestry } = require('./src');
const [projectDir, what] = process.argv.slice(1);
const double = knot('double', ({ x }) => x * 2);
const twice = tapestry('twice', () => ({ y: double({ x: 21 }, { id: 'double' }) }));
const main = async () => {
  const backends = await openBackends({ projectDir });
  if (what === 'keep') await runLocally(twice, {}, { backends });
  const { items } = await backends.runHistory.listRuns({});
  const lineage = await backends.runHistory.getRecords(items[0].temporal_run_id);
  console.log(JSON.stringify({ runs: items.map(({ run_id }) => run_id), lineage }));
  await backends.close();
};
main().catch((error) => { console.error(error); process.exitCode = 1; });
`;

testUnless(
  lacksOther,
  'a database with tables of an unreleased build is refused by name, and stays what it was',
  async () => {
    const sources = sourcesAt(OTHER_TABLES, await folderForPackage());
    const projectDir = await temporaryFolder();
    const inProject = (what: 'keep' | 'show'): string =>
      execFileSync(process.execPath, ['--require', 'tsx/cjs', '-e', IN_PROJECT, projectDir, what], {
        cwd: sources,
        encoding: 'utf8',
      });
    const kept = inProject('keep');
    expect(JSON.parse(kept)).toMatchObject({ runs: [expect.any(String)], lineage: [{ knot_id: 'double' }] });
    const project = makeCommandProject({ 'pipeline.ts': PIPELINE });
    for (const words of [
      ['worker', 'pipeline.ts'],
      ['run', 'pipeline.ts', '--tapestry', 'held'],
      ['runs', 'list'],
      ['ui'],
      ['migrate'],
    ]) {
      const server = words[0] === 'migrate' ? [] : ['--address', sharedServerAddress()];
      const { code, stderr } = await runCommand(project, [...words, '--project-dir', projectDir, ...server]);
      expect({ words, code, stderr }).toEqual({
        words,
        code: 2,
        stderr: expect.stringMatching(
          /UnreleasedData[^]*made by an unreleased build of Selvage[^]*Nothing was changed/,
        ) as string,
      });
    }
    expect(inProject('show')).toBe(kept);
  },
);
