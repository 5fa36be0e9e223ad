import { existsSync } from 'node:fs';
import path from 'node:path';
import { knot, runLocally, subTapestry, tapestry } from '../../../src';
import { openBackends } from '../../../src/backends';
import { Command, makeCommandProject, runWarm } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';
import { PIPELINES, WAITING } from './pipelines';

let project: string;

beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINES, 'waiting.ts': WAITING });
  await selvage('run', 'pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=5', '--run-id', 'good');
  await selvage('run', 'pipeline.ts', '--tapestry', 'fails', '--param', 'x=5', '--run-id', 'bad');
});
afterAll(removeProjects);

function selvage(...args: string[]): ReturnType<typeof runWarm> {
  return runWarm(project, args);
}

interface Listing {
  items: { runId: string; status: string }[];
  cursor?: string;
}

test('runs list: newest first, by status and tapestry, page by page', async () => {
  const { code, stdout } = await selvage('runs', 'list');
  expect(code).toBe(0);
  const rows = stdout.split('\n').filter((line) => /^(good|bad) /.test(line));
  expect(rows[0]).toMatch(/^bad +fails +failed .* 2 ok, 1 failed, 1 skipped .*cli$/);
  expect(rows[1]).toMatch(/^good +quickstart +succeeded .* 3 ok, 0 failed, 0 skipped .*cli$/);

  const ids = async (...args: string[]): Promise<string[]> => {
    const answer = await selvage('runs', 'list', '--json', ...args);
    return (JSON.parse(answer.stdout) as Listing).items.map((run) => run.runId);
  };
  expect(await ids('--status', 'failed')).toEqual(['bad']);
  expect(await ids('--tapestry', 'quickstart')).toEqual(['good']);
  expect(await ids('--trigger', 'code')).toEqual([]);
  expect(await ids('--status', 'failed', '--since', '2h')).toEqual(['bad']);
  expect(await ids('--until', '2h')).toEqual([]);

  const first = JSON.parse((await selvage('runs', 'list', '--limit', '1', '--json')).stdout) as Listing;
  expect(first.items.map((run) => run.runId)).toEqual(['bad']);
  expect(await ids('--limit', '1', '--cursor', first.cursor!)).toEqual(['good']);
  expect((await selvage('runs', 'list', '--limit', '1')).stdout).toContain(
    `--limit 1 --cursor ${first.cursor}`,
  );
});

test('runs show RUN/KNOT: what became of one knot', async () => {
  const shown = await selvage('runs', 'show', 'good/answer');
  expect(shown.stdout).toMatch(/^answer of run good \(succeeded\)\n {2}ok .*sha256:/m);
  const failed = await selvage('runs', 'show', 'bad/nothing');
  expect(failed.stderr).toMatch(/^error UnknownKnot: .*"nothing"/m);
  const { stdout } = await selvage('runs', 'show', 'good/d', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    knotId: 'd',
    run: { runId: 'good' },
    record: { outcome: 'ok' },
  });
});

test('run --tag: the tags are on record, shown, and found', async () => {
  const own = makeCommandProject({ 'pipeline.ts': PIPELINES });
  const selvage = (...args: string[]) => runWarm(own, args);
  const run = (id: string, ...more: string[]) =>
    selvage('run', 'pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=5', '--run-id', id, ...more);
  await run('good');
  await run('tagged', '--tag', 'monthly', '--tag', 'by hand');
  const listed = await selvage('runs', 'list', '--tag', 'by hand');
  expect(listed.stdout).toMatch(/^RUN .* TAGS$/m);
  expect(listed.stdout).toMatch(/^tagged .*cli +monthly, by hand$/m);
  expect(listed.stdout).not.toMatch(/^good /m);
  expect((await selvage('runs', 'list', '--tag', 'yearly')).stdout).toContain('No run fits.');
  expect((await selvage('runs', 'show', 'tagged')).stdout).toMatch(/^ {2}Tags +monthly, by hand$/m);
});

test('runs show: the record, the values, the failures', async () => {
  const good = await selvage('runs', 'show', 'good');
  expect(good.code).toBe(0);
  expect(good.stdout).toMatch(/^ {2}answer {2}15$/m);
  expect(good.stdout).toMatch(
    /^Knots\n {2}param:x {5}ok +\d+ m?s {2}sha256:\w{15}\n {4}d {9}ok .*\n {6}answer {2}ok +\d+ m?s {2}sha256:\w{15}$/m,
  );
  const failed = await selvage('runs', 'show', 'bad');
  expect(failed.stdout).toMatch(/^Resume {3}npx selvage resume bad FILE$/m);
  expect(good.stdout).not.toContain('Resume');
  expect(failed.stdout).toMatch(
    /^ {6}e +failed +\d+ m?s {2}RangeError: 10 is too much\n {8}f +skipped {2}parent_failed_or_skipped$/m,
  );
  const bad = await selvage('runs', 'show', 'bad', '--json');
  expect(bad.code).toBe(0);
  expect(JSON.parse(bad.stdout)).toMatchObject({
    runId: 'bad',
    status: 'failed',
    counts: { ok: 2, err: 1, skipped: 1 },
  });
});

test('runs of a process without a server are listed, shown, and over', async () => {
  const own = makeCommandProject();
  const double = knot('double', { version: '1', cache: true }, ({ x }: { x: number }) => x * 2);
  const boom = knot('boom', ({ a }: { a: number }): number => {
    throw new RangeError(`${a} is too much`);
  });
  const inner = tapestry('inner', () => ({ end: double({ x: 3 }, { id: 'end' }) }));
  const outer = tapestry('outer', () => {
    const d = double({ x: 2 }, { id: 'd' });
    return {
      d,
      nested: subTapestry({ tapestry: inner, inputs: {} }, { id: 'nested' }),
      e: boom({ a: d }, { id: 'e' }),
    };
  });
  const backends = await openBackends({ projectDir: own, environment: {} });
  try {
    for (const runId of ['early', 'late']) await runLocally(outer, {}, { backends, runId });
  } finally {
    await backends.close();
  }

  const listed = await runWarm(own, ['runs', 'list']);
  expect(listed.stdout).toMatch(/^late +outer +failed .* 2 ok, 1 failed, 0 skipped .*code$/m);
  expect(listed.stdout).toMatch(/^late\/nested#1 +inner +succeeded /m);

  const shown = await runWarm(own, ['runs', 'show', 'late']);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/^Run late failed in [\d.]+ m?s: 2 knots ok, 1 failed, 0 skipped$/m);
  expect(shown.stdout).toMatch(/^ {2}d {7}4\n {2}nested {2}\{ end: 6 \}\n {2}e {7}failed$/m);
  expect(shown.stdout).toMatch(/^ {4}e +failed +[\d.]+ m?s {2}RangeError: 4 is too much$/m);

  const child = await runWarm(own, ['runs', 'show', 'late/nested#1', '--json']);
  expect(child.stderr).toMatch(/^ {2}Parent +knot nested of run late$/m);
  expect(JSON.parse(child.stdout)).toMatchObject({
    tapestry: 'inner',
    status: 'succeeded',
    values: { end: 6 },
  });

  const cancelled = await runWarm(own, ['runs', 'cancel', 'late']);
  expect(cancelled.stdout).toContain('Run late is over: failed.');
});

test('runs show, cancel and terminate of a run that is not there', async () => {
  for (const verb of ['show', 'cancel', 'terminate']) {
    const { code, stderr } = await selvage('runs', verb, 'nobody');
    expect(stderr).toMatch(/^error UnknownRun: .*"nobody"/m);
    expect(code).toBe(2);
  }
});

test('runs cancel: the command that runs it ends with 1 and says so', async () => {
  const command = new Command(project, ['run', 'waiting.ts', '--run-id', 'unwanted', '--json']);
  await command.hasWritten(/wait: began/);
  const cancel = await selvage('runs', 'cancel', 'unwanted');
  expect(cancel.code).toBe(0);
  const { code, stdout } = await command.finished;
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ runId: 'unwanted', status: 'cancelled', succeeded: false });
  const again = await selvage('runs', 'cancel', 'unwanted');
  expect(again.stdout).toContain('Run unwanted is over: cancelled.');
  const back = await selvage('run', 'waiting.ts', '--run-id', 'unwanted');
  expect(back.code).toBe(1);
  expect(back.stdout).toMatch(/^Run unwanted cancelled in /m);
});

test('runs show: why a run waits, for people and for programs', async () => {
  const command = new Command(project, ['run', 'waiting.ts', '--run-id', 'slow', '--json']);
  await command.hasWritten(/wait: began/);
  const shown = await selvage('runs', 'show', 'slow');
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/^0 of 1 knot done, 1 running, /m);
  expect(shown.stdout).toMatch(/^1 unfinished knot\n {2}wait {2}runs on worker \S+ \(for /m);
  const { stdout } = await selvage('runs', 'show', 'slow', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    run: { runId: 'slow', status: 'running' },
    live: { running: ['wait'] },
    waiting: {
      started: true,
      unfinished: 1,
      reasons: { Running: 1 },
      knots: [{ knotId: 'wait', state: 'running' }],
    },
  });

  const terminated = await selvage('runs', 'terminate', 'slow', '--reason', 'too slow', '--json');
  expect(terminated.code).toBe(0);
  expect(JSON.parse(terminated.stdout)).toMatchObject({ runId: 'slow', status: 'terminated' });
  expect((await command.finished).code).toBe(1);
  expect((await selvage('runs', 'show', 'slow')).stdout).toMatch(/^RunTerminated: .*\(too slow\)/m);
  const again = await selvage('runs', 'terminate', 'slow');
  expect(again.stdout).toContain('Run slow is over: terminated.');
});

test('runs show: a run that no worker has begun', async () => {
  const detached = [
    ...['run', 'pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=1'],
    ...['--detach', '--task-queue', 'short'],
  ];
  const worker = new Command(project, ['worker', 'waiting.ts', '--task-queue', 'short']);
  await worker.hasWritten(/[Ww]ork/);
  await until('a detached run has started', async () => {
    return (await selvage(...detached, '--run-id', 'early')).code === 0;
  });
  worker.signal('SIGTERM');
  await worker.finished;
  const shown = await until(
    'nobody polls any more',
    async () => {
      const { stdout } = await selvage('runs', 'show', 'early');
      return stdout.includes('no worker polls task queue "short"') ? stdout : undefined;
      // The server forgets a poller that did not say goodbye after a minute.
    },
    90_000,
  );
  expect(shown).toMatch(/^Not begun: no worker polls task queue "short" \(.*last polled /m);
  const listed = await selvage('runs', 'list', '--status', 'running');
  expect(listed.stdout).toMatch(/^early +quickstart +not started +\d{4}-/m);
  // The worker has said that it stops: a detached run is refused at once.
  const { stderr } = await selvage(...detached);
  expect(stderr).toMatch(/^error NoWorker: /m);
  await selvage('runs', 'terminate', 'early');
});

interface Lineage {
  items: {
    knotId: string;
    runId: string;
    outputHash: string;
    parentInputHashes: Record<string, string>;
  }[];
  cursor?: string;
}

async function lineage(...args: string[]): Promise<Lineage> {
  const { code, stdout } = await selvage('lineage', ...args, '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Lineage;
}

test('lineage: by run, knot, made value and used value', async () => {
  const ofRun = await lineage('--run', 'good');
  expect(ofRun.items.map((record) => record.knotId).sort()).toEqual(['answer', 'd', 'param:x']);
  const d = ofRun.items.find((record) => record.knotId === 'd')!;
  expect((await lineage('--knot', 'd')).items.map((record) => record.runId).sort()).toEqual(['bad', 'good']);
  expect((await lineage('--output', d.outputHash)).items.map((record) => record.knotId)).toEqual(['d', 'd']);
  const users = await lineage('--input', d.outputHash, '--run', 'good');
  expect(users.items.map((record) => record.knotId)).toEqual(['answer']);
});

test('lineage for people names inputs, hashes, errors and the next page', async () => {
  const { stdout } = await selvage('lineage', '--run', 'bad', '--limit', '3');
  expect(stdout).toMatch(/^e {2}failed {2}/m);
  expect(stdout).toMatch(/^ {2}error +RangeError: 10 is too much$/m);
  expect(stdout).toMatch(/^ {2}input +a = d {2}sha256:[0-9a-f]{64}$/m);
  expect(stdout).toMatch(/selvage lineage --run bad --limit 3 --cursor \S+$/m);
});

test('lineage asks for something to look for, for a run that is there, and makes no database', async () => {
  expect((await selvage('lineage')).stderr).toMatch(
    /^error InvalidRequest: .*a run, a knot, a definition, the hash of an output or an input, an outcome, a time/,
  );
  expect((await selvage('lineage', '--run', 'nobody')).stderr).toMatch(/^error UnknownRun: .*"nobody"/);
  const empty = makeCommandProject();
  const { code, stderr } = await runWarm(empty, ['lineage', '--run', 'good']);
  expect(stderr).toMatch(/^error FileNotFound: .*\.selvage/);
  expect(code).toBe(2);
  expect(existsSync(path.join(empty, '.selvage'))).toBe(false);
});

test('doctor finds what is there, and changes nothing', async () => {
  const { code, stdout } = await selvage('doctor');
  expect(stdout).toMatch(/^ok +Node +\d+\.\d+/m);
  expect(stdout).toMatch(/^ok +Temporal SDK +\d+\.\d+\.\d+, one copy$/m);
  expect(stdout).toMatch(/^ok +Temporal CLI +temporal version/m);
  expect(stdout).toMatch(/^ok +Embedded server +/m);
  expect(stdout).toMatch(
    /^ok +Backends +tapestry store, run history, data store: sqlite .*tables up to date$/m,
  );
  expect(code).toBe(0);
  const empty = makeCommandProject();
  const fresh = await runWarm(empty, ['doctor', '--json']);
  expect(JSON.parse(fresh.stdout)).toMatchObject({ ok: true, projectDir: empty });
  expect(existsSync(path.join(empty, '.selvage'))).toBe(false);
});

test('doctor ends with 1 and a fix where something needed is missing', async () => {
  const binary = await runWarm(project, ['doctor'], { SELVAGE_TEMPORAL_CLI: '/nowhere/temporal' });
  expect(binary.stdout).toMatch(/^error +Temporal CLI +.*\/nowhere\/temporal.*\n +.*SELVAGE_TEMPORAL_CLI/m);
  expect(binary.code).toBe(1);
  const address = await runWarm(project, ['doctor', '--address', '127.0.0.1:1']);
  expect(address.stdout).toMatch(/^error +Temporal server +No Temporal server answers at 127\.0\.0\.1:1/m);
  expect(address.code).toBe(1);
  const damaged = await runWarm(project, ['doctor'], { SELVAGE_HISTORY: 'sqlite:pipeline.ts' });
  expect(damaged.stdout).toMatch(
    /^error +Backends +run history: sqlite .*pipeline\.ts \(SELVAGE_HISTORY\): .*damaged/m,
  );
  expect(damaged.code).toBe(1);
});
