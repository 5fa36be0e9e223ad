import { z } from 'zod';
import { knot, list, map, pythonKnot, queue, sleep, subTapestry, tapestry, waitForSignal } from '../../src';
import { countWaiting, type Selvage, type WaitingRun, type WaitingRuns } from '../../src/client';
import { Latch } from '../support/latch';
import { closeAll, connectSelvage, startWorker, unique } from '../support/open-selvage';
import { until } from '../support/until';

afterEach(closeAll);

const ELSEWHERE = unique('elsewhere');
const YEAR_MS = 365 * 24 * 3_600_000;

const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const approved = tapestry('approved', () => {
  const start = inc({ x: 1 }, { id: 'start' });
  const approval = waitForSignal('approve', z.object({ by: z.string() }), { id: 'approval', after: [start] });
  return { approval };
});
const later = tapestry('later', () => ({ slept: sleep({ ms: YEAR_MS }, { id: 'nap' }) }));
const remote = tapestry('remote', () => ({
  end: inc({ x: inc({ x: 1 }, { id: 'here' }) }, { id: 'there', dispatcher: queue(ELSEWHERE) }),
}));
const throws = knot('throws', { retry: { maximumAttempts: 5, initialInterval: 3_600_000 } }, (): number => {
  throw new TypeError('no luck');
});
const unlucky = tapestry('unlucky', () => ({ end: throws({}, { id: 'end' }) }));
/** Its source is known to its host alone. */
const train = pythonKnot('models:train', { output: z.number() });
const learnt = tapestry('learnt', () => ({ end: train({}, { id: 'end' }) }));
const versioned = (version: string) => {
  const report = knot('report', { version }, () => version);
  return tapestry('reports', () => ({ end: report({}, { id: 'end' }) }));
};

/** What waits, once as many runs do, none of them without an answer. */
async function waitingUntil(
  client: Selvage,
  isAsWanted: (waiting: WaitingRuns) => boolean,
): Promise<WaitingRuns> {
  return await until(`they wait as ${String(isAsWanted)}`, async () => {
    const waiting = await client.runs.waiting();
    return isAsWanted(waiting) ? waiting : undefined;
  });
}

const codesOf = ({ items }: WaitingRuns): Record<string, string> =>
  Object.fromEntries(items.map(({ runId, reason }) => [runId, reason.code]));

function byRun({ items }: WaitingRuns): Record<string, WaitingRun> {
  return Object.fromEntries(items.map((run) => [run.runId, run]));
}

test('each run says what it waits for and since when, whoever has to know it', async () => {
  const client = await connectSelvage();
  const since = Date.now();
  const early = await client.start(approved, {}, { runId: unique('early'), tags: ['first'] });
  expect(await client.runs.waiting()).toEqual({
    open: 1,
    working: 0,
    items: [
      {
        runId: early.runId,
        tapestry: 'approved',
        planHash: expect.stringMatching(/^sha256:/),
        startedAt: expect.any(Number),
        since: expect.any(Number),
        started: false,
        taskQueue: client.taskQueue,
        reason: { code: 'NoWorker', message: `no worker polls task queue "${client.taskQueue}"` },
      },
    ],
  });

  const release = new Latch();
  const limited = knot('limited', { maxConcurrent: 1 }, async () => {
    await release.passed;
    return 1;
  });
  const inLine = tapestry('in-line', () => ({ end: limited({}, { id: 'end' }) }));
  const list = knot('list', () => [1, 2]);
  const breaks = knot(
    'breaks',
    { retry: { maximumAttempts: 5, initialInterval: 3_600_000 } },
    (_: { n: number }): number => {
      throw new TypeError('no luck');
    },
  );
  const each = tapestry('each', () => ({
    all: map({ over: list({}, { id: 'list' }), each: breaks, bind: 'n' }, { id: 'all' }),
  }));
  const tapestries = [approved, later, remote, unlucky, versioned('2'), inLine, each];
  const worker = await startWorker(client, { tapestries });
  const runs = {
    later: await client.start(later, {}),
    remote: await client.start(remote, {}),
    unlucky: await client.start(unlucky, {}),
    old: await client.start(versioned('1'), {}, { tags: ['first'] }),
    each: await client.start(each, {}),
    lineA: await client.start(inLine, {}),
    lineB: await client.start(inLine, {}),
  };
  const waiting = await waitingUntil(client, (now) => {
    const codes = Object.values(codesOf(now)).sort().join();
    return codes === 'BodyMissing,BodyThrew,BodyThrew,LimitReached,NoWorker,Signal,Time';
  });
  expect(waiting).toMatchObject({ open: 8, working: 1 });
  const found = byRun(waiting);
  expect(found).toMatchObject({
    [early.runId]: {
      started: true,
      knotId: 'approval',
      body: 'approved#approval#selvage.waitForSignal',
      signal: 'approve',
    },
    [runs.later.runId]: { knotId: 'nap', until: expect.any(Number) },
    [runs.remote.runId]: { knotId: 'there', body: 'inc', taskQueue: ELSEWHERE },
    [runs.unlucky.runId]: { knotId: 'end', reason: { code: 'BodyThrew', message: 'TypeError: no luck' } },
    [runs.old.runId]: { knotId: 'end', body: 'report@1', reason: { code: 'BodyMissing' } },
    [runs.each.runId]: { knotId: 'all', reason: { code: 'BodyThrew' } },
  });
  expect(found[runs.later.runId]!.until).toBeGreaterThan(since + YEAR_MS - 1_000);
  for (const run of waiting.items) expect(run.since).toBeGreaterThanOrEqual(since - 1_000);
  const times = waiting.items.map((run) => run.since);
  expect(times).toEqual([...times].sort((a, b) => a - b));

  expect(countWaiting(waiting.items, 'reason').map(({ key, count }) => [key, count])).toEqual([
    ['BodyThrew', 2],
    ['BodyMissing', 1],
    ['LimitReached', 1],
    ['NoWorker', 1],
    ['Signal approve', 1],
    ['Time', 1],
  ]);
  expect(countWaiting(waiting.items, 'version')).toContainEqual(
    expect.objectContaining({ key: 'report@1', count: 1, oldestRunId: runs.old.runId }),
  );
  expect(countWaiting(waiting.items, 'task-queue')).toContainEqual(
    expect.objectContaining({ key: ELSEWHERE }),
  );
  await until('those with the tag are listed', async () => {
    const tagged = await client.runs.waiting({ tag: 'first' });
    return Object.keys(codesOf(tagged)).sort().join() === [early.runId, runs.old.runId].sort().join();
  });

  // Whom nobody had the time to ask about is not left out.
  const hasty = await client.runs.waiting({ within: 0 });
  expect(hasty.open).toBe(8);
  expect(byRun(hasty)[runs.unlucky.runId]).toMatchObject({ reason: { code: 'NotChecked' } });

  release.open();
  await Promise.all([runs.lineA.values(), runs.lineB.values()]);
  expect((await client.runs.waiting()).open).toBe(6);
  await worker.stop();
  const alone = await waitingUntil(client, (now) => codesOf(now)[runs.old.runId] === 'NoWorker');
  // A wait needs no worker before it is over.
  expect(codesOf(alone)[early.runId]).toBe('Signal');
  for (const run of Object.values({ ...runs, early })) await run.terminate();
  expect(await client.runs.waiting()).toEqual({ open: 0, working: 0, items: [] });
});

test('a run that a worker tries in vain is asked about', async () => {
  const client = await connectSelvage();
  const run = await client.start(approved, {});
  const stranger = await startWorker(client, { tapestries: [later] });
  const failing = await waitingUntil(client, (now) => codesOf(now)[run.runId] === 'UnknownTapestry');
  expect(failing.items).toMatchObject([{ started: false, taskQueue: client.taskQueue }]);
  await stranger.stop();
  await startWorker(client, { tapestries: [approved] });
  const before = await waitingUntil(client, (now) => codesOf(now)[run.runId] === 'Signal');
  expect(before.items).toMatchObject([{ knotId: 'approval' }]);
  await run.terminate();
});

test('runs of other backends are not listed, nor what their knots have started', async () => {
  const other = await connectSelvage();
  const outer = tapestry('outer', () => ({
    inner: subTapestry({ tapestry: approved, inputs: {} }, { id: 'inner' }),
  }));
  await startWorker(other, { tapestries: [outer, approved] });
  const run = await other.start(outer, {});
  const { items } = await waitingUntil(other, (now) => Object.values(codesOf(now)).includes('Signal'));
  expect(items).toMatchObject([{ runId: `${run.runId}/inner#1`, knotId: 'approval' }]);
  expect((await other.runs.waiting()).open).toBe(2);
  const client = await connectSelvage();
  expect(await client.runs.waiting()).toEqual({ open: 0, working: 0, items: [] });
  expect(await client.versions()).toMatchObject({ open: 0, plans: [] });
  await run.terminate();
});

test('versions tell which code unfinished runs still need, who has it, and what may go', async () => {
  const client = await connectSelvage();
  const inner = versioned('1');
  const outer = tapestry('outer', () => ({
    all: subTapestry({ tapestry: inner, inputs: {} }, { id: 'inner' }),
  }));
  await startWorker(client, { tapestries: [versioned('2'), approved], identity: 'new' });
  // Another project works in the same namespace.
  const stranger = unique('stranger');
  await startWorker(await connectSelvage(), { tapestries: [versioned('3')], identity: stranger });
  const old = await client.start(versioned('1'), {});
  // Its worker does not even know it: the plan is enough.
  const nesting = await client.start(outer, {});
  const waits = await client.start(approved, {});
  const hosted = await client.start(learnt, {});
  await waitingUntil(client, (now) => codesOf(now)[waits.runId] === 'Signal');
  const versions = await until('the workers have told their bodies', async () => {
    if (!(await client.workers.list()).some(({ identity }) => identity === stranger)) return undefined;
    const now = await client.versions();
    return now.bodies.some(({ body, workers }) => body === 'report@2' && workers.length > 0)
      ? now
      : undefined;
  });
  expect(versions).toMatchObject({ open: 4, unknownRuns: [], workersKnown: true });
  expect(versions.plans).toMatchObject([
    { tapestry: 'approved', runs: 1 },
    { tapestry: 'learnt', runs: 1 },
    { tapestry: 'outer', runs: 1 },
    { tapestry: 'reports', runs: 1 },
  ]);
  const bodies = Object.fromEntries(versions.bodies.map((body) => [body.body, body]));
  expect(bodies).toMatchObject({
    'report@1': {
      runs: 2,
      oldestRunId: expect.any(String),
      tapestries: ['outer', 'reports'],
      codeHash: expect.stringMatching(/^sha256:/),
      safeToRemove: false,
    },
    'report@2': { runs: 0, workers: [{ identity: 'new' }], safeToRemove: true },
    'models:train': { runs: 1, codeHash: null, workers: [], safeToRemove: false },
    // Its run has it behind itself.
    inc: { runs: 0, safeToRemove: true },
  });
  expect(bodies).not.toHaveProperty('report@3');
  const asked = (await client.versions({ tapestry: 'approved' })).bodies;
  expect(asked.find(({ body }) => body === 'report@2')).toMatchObject({ runs: 0, safeToRemove: null });
  for (const run of [old, nesting, hosted]) await run.terminate();
  await waits.terminate();
});

test('versions count the runs that a backfill has yet to start', async () => {
  const client = await connectSelvage();
  const go = new Latch();
  const input = z.object({ of: z.object({ key: z.string() }) });
  const measure = knot('measure', { version: '1', input }, ({ of }) => of.key);
  const hold = knot('hold', async ({ key }: { key: string }) => {
    await go.passed;
    return key;
  });
  const days = tapestry(unique('days'), { partition: list(['a', 'b']) }, (_, { partition }) => ({
    held: hold({ key: measure({ of: partition }, { id: 'measure' }) }, { id: 'hold' }),
  }));
  await startWorker(client, { tapestries: [days] });
  const run = await client.partitions.backfill(days, { concurrency: 1 });
  const first = `${days.name}/a`;
  await until(
    'one is made, and not over',
    async () =>
      (await client.backends.runHistory.findLineage({ runId: first, knotId: 'measure' })).items.length === 1,
  );
  const { bodies, unknownRuns } = await client.versions();
  expect(unknownRuns).toEqual([]);
  // The first has it behind itself.
  expect(bodies.find(({ body }) => body === 'measure@1')).toMatchObject({
    runs: 1,
    oldestRunId: run.runId,
    tapestries: ['selvage.backfill'],
    safeToRemove: false,
  });
  go.open();
  await run.result();
});
