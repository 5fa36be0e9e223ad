import { z } from 'zod';

import { knot, local, map, queue, tapestry, type Tapestry } from '../../src';
import { combineBackends } from '../../src/backends';
import type { RunHandle, Waiting } from '../../src/client';
import { historyOf } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { closeAll, connectSelvage, startWorker, temporaryBackends, unique } from '../support/open-selvage';
import { SwitchableBackends } from '../support/switchable-backends';
import { until } from '../support/until';
import { refusal } from '../support/refusal';

afterEach(closeAll);

/** What the run waits for, once it is as wanted. */
async function waitingUntil(
  run: RunHandle<object>,
  isAsWanted: (waiting: Waiting) => unknown,
): Promise<Waiting> {
  return await until(`it waits as ${String(isAsWanted)}`, async () => {
    const { waiting } = await run.status();
    return waiting && isAsWanted(waiting) ? waiting : undefined;
  });
}

/** Once its next step waits for this. */
const stepUntil = async (run: RunHandle<object>, code: string) =>
  (await waitingUntil(run, ({ workflowTask }) => workflowTask?.code === code)).workflowTask!;

/** Once these knots wait for these. */
const knotsUntil = (run: RunHandle<object>, codes: Record<string, string>): Promise<Waiting> =>
  waitingUntil(run, (waiting) =>
    Object.entries(codes).every(([id, code]) => byKnot(waiting)[id]?.reason.code === code),
  );

function byKnot({ knots }: Waiting): Record<string, Waiting['knots'][number]> {
  return Object.fromEntries(knots.map((knot) => [knot.knotId, knot]));
}

const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const plain = tapestry('plain', (t) => ({ end: inc({ x: t.parameter('x', z.number()) }, { id: 'end' }) }));

describe('a run that no worker has begun', () => {
  test('says that nobody polls, then that those who do have not its tapestry', async () => {
    const client = await connectSelvage();
    const run = await client.start(plain, { x: 1 }, { tags: ['early'] });
    const state = await run.status();
    expect(state).toMatchObject({
      run: {
        run_id: run.runId,
        status: 'running',
        tapestry: 'plain',
        tags: ['early'],
        terminals: { end: 'end' },
      },
      waiting: {
        started: false,
        workflowTask: { code: 'NoWorker', message: expect.stringContaining(client.taskQueue!), attempt: 1 },
        knots: [],
      },
    });
    expect(state.live).toBeUndefined();
    await expect(run.outcomes()).rejects.toMatchObject(refusal('UnknownRun', 'no worker has begun it'));

    const other = tapestry('other', () => ({ end: inc({ x: 1 }, { id: 'end' }) }));
    const worker = await startWorker(client, { tapestries: [other], identity: 'stranger' });
    const step = await stepUntil(run, 'UnknownTapestry');
    expect(step).toMatchObject({
      message: expect.stringContaining('has not registered a tapestry "plain" (it has: other)'),
      worker: 'stranger',
    });
    await worker.stop();
    await startWorker(client, { tapestries: [plain] });
    expect(await run.values()).toEqual({ end: 2 });
    expect((await run.status()).waiting).toBeUndefined();
  });

  test('is refused by a worker that has other backends than the client', async () => {
    const client = await connectSelvage({ backends: await temporaryBackends() });
    const run = await client.start(plain, { x: 1 });
    const own = client.backends;
    const elsewhere = combineBackends({ ...own, runHistory: (await temporaryBackends()).runHistory });
    const worker = await startWorker(client, { tapestries: [plain], backends: elsewhere });
    const step = await stepUntil(run, 'BackendsDiffer');
    expect(step.message).toMatch(/do not have the same run history \(here \w+ \S+, there \S+\)\./);
    expect(step.message).toContain('SELVAGE_HISTORY');
    expect(step.message).not.toContain('SELVAGE_DATA');
    await worker.stop();
    await startWorker(client, { tapestries: [plain] });
    expect(await run.values()).toEqual({ end: 2 });
  });

  test('is not spoiled by those who watch it meanwhile', async () => {
    const client = await connectSelvage();
    const run = await client.start(plain, { x: 1 });
    const other = tapestry('other', () => ({ end: inc({ x: 1 }, { id: 'end' }) }));
    // A query that comes with a failing task has the SDK write the refusal into the history. It is asked before there is a
    // worker, so that it comes with the first task: after three failed tasks the server refuses queries.
    const query = client.client.workflow.getHandle(run.runId).query('selvage.status');
    const worker = await startWorker(client, { tapestries: [other] });
    expect(await query).toMatchObject({ plan: null });
    await until('the history has the refusal', async () =>
      (await historyOf(client, run.runId)).some((event) => event.markerRecordedEventAttributes),
    );
    // The next task may only wait for its worker yet.
    const waiting = await waitingUntil(run, ({ workflowTask }) => workflowTask?.code === 'UnknownTapestry');
    expect(waiting.started).toBe(false);
    await worker.stop();
    await startWorker(client, { tapestries: [plain] });
    expect(await run.values()).toEqual({ end: 2 });
  });

  test.each([
    ['BackendUnavailable', ['tapestryStore.get', 'tapestryStore.save'], false],
    ['DiskFull', ['runHistory.startRun'], false],
    ['BackendUnavailable', ['runHistory.endRun'], true],
  ] as const)('says why its first or last step fails: %s of %j', async (code, only, started) => {
    const real = await temporaryBackends();
    const line = new SwitchableBackends(real);
    const client = await connectSelvage({ backends: real });
    const run = await client.start(plain, { x: 1 });
    line.inflict({ code, only });
    await startWorker(client, { tapestries: [plain], backends: line.backends, identity: 'cut off' });
    const step = await stepUntil(run, code);
    expect(step).toMatchObject({ message: expect.stringMatching(/^The test has cut /), worker: 'cut off' });
    expect((await run.status()).waiting).toMatchObject({ started });
    line.mend();
    expect(await run.values()).toEqual({ end: 2 });
  });

  test('can be terminated, and is on record with the reason then', async () => {
    const client = await connectSelvage();
    const run = await client.start(plain, { x: 1 });
    await run.terminate('started by mistake');
    expect(await run.result()).toMatchObject({
      status: 'terminated',
      outcomes: {},
      error: { type: 'RunTerminated', message: expect.stringContaining('started by mistake') },
    });
    expect((await client.runs.list()).items).toMatchObject([{ run_id: run.runId, status: 'terminated' }]);
    await run.terminate();
  });
});

describe('knots that wait for different things', () => {
  const elsewhere = unique('elsewhere');
  const begun = new Latch();
  const holds = knot('holds', async (_: object, { signal }): Promise<number> => {
    begun.open();
    return await aborted(signal);
  });
  const fails = knot(
    'fails',
    { retry: { maximumAttempts: 5, initialInterval: 3_600_000 } },
    (_: object): number => {
      throw new TypeError('no luck');
    },
  );
  const gone = knot('gone', (_: object) => 1);
  const renamed = knot('renamed', (_: object) => 1);
  const add = knot('add', ({ a, b, c, d }: { a: number; b: number; c: number; d: number }) => a + b + c + d);
  const build = (definition: typeof gone): Tapestry<object, object> =>
    tapestry('many', () => {
      const a = holds({}, { id: 'running' });
      const b = fails({}, { id: 'failing' });
      const c = inc({ x: 1 }, { id: 'remote', dispatcher: queue(elsewhere) });
      const d = definition({}, { id: 'missing' });
      const sum = add({ a, b, c, d }, { id: 'sum' });
      return { last: inc({ x: sum }, { id: 'last' }) };
    });

  test('each says for which, with a worker that answers and without', async () => {
    const client = await connectSelvage();
    const worker = await startWorker(client, {
      tapestries: [build(renamed)],
      identity: 'first',
      shutdownGraceTime: 50,
    });
    const run = await client.start(build(gone), {});
    await begun.passed;
    const waiting = await knotsUntil(run, { failing: 'BodyThrew', missing: 'BodyMissing' });
    expect(waiting).toMatchObject({ started: true, total: 6, unfinished: 6 });
    expect(waiting.workflowTask).toBeUndefined();
    expect(waiting.reasons).toEqual({ Running: 1, BodyThrew: 1, NoWorker: 1, BodyMissing: 1, Parents: 2 });
    const knots = byKnot(waiting);
    expect(knots).toMatchObject({
      running: { state: 'running', worker: 'first', attempt: 1, since: expect.any(Number) },
      failing: {
        state: 'retrying',
        attempt: 2,
        reason: { message: 'TypeError: no luck' },
        nextAttemptAt: expect.any(Number),
      },
      remote: {
        state: 'queued',
        taskQueue: elsewhere,
        reason: { message: `no worker polls task queue "${elsewhere}"` },
      },
      missing: { state: 'retrying', reason: { message: expect.stringContaining('no definition "gone"') } },
      sum: { state: 'blocked', parents: ['running', 'failing', 'remote', 'missing'] },
      last: { state: 'blocked', parents: ['sum'], reason: { message: 'waits for sum' } },
    });
    expect(knots['failing']!.nextAttemptAt).toBeGreaterThan(Date.now() + 3_000_000);
    // What is stuck comes first, what only waits for others last.
    expect(waiting.knots.slice(3).map(({ knotId }) => knotId)).toEqual(['running', 'sum', 'last']);

    await worker.stop();
    const alone = await knotsUntil(run, { running: 'NoWorker', missing: 'NoWorker' });
    expect((await run.status()).live).toBeUndefined();
    expect(alone.reasons).toEqual({ NoWorker: 3, BodyThrew: 1, Parents: 2 });
    expect(byKnot(alone)).toMatchObject({
      running: {
        state: 'queued',
        taskQueue: client.taskQueue,
        worker: 'first',
        lastPollAt: expect.any(Number),
      },
      failing: { state: 'retrying', attempt: 2 },
      sum: { state: 'blocked' },
    });
    await run.terminate();
  });

  test('a body that no worker of its queue has is said with the queues whose workers have it', async () => {
    const client = await connectSelvage();
    await startWorker(client, { tapestries: [build(renamed)] });
    const run = await client.start(build(gone), {});
    const named = async (): Promise<string | undefined> => {
      const { missing } = byKnot((await run.status()).waiting!);
      return missing?.queuesWithBody && `${missing.reason.message} (${missing.queuesWithBody.join()})`;
    };
    expect(await until('nobody has it', named)).toMatch(
      /No worker that is alive says that it has it\. \(\)$/,
    );
    const other = unique('has-it');
    await startWorker(client, { tapestries: [build(gone)], taskQueue: other });
    const withQueue = async (): Promise<string | undefined> =>
      [await named()].find((told) => told?.endsWith(`(${other})`));
    expect(await until('its queue is named', withQueue)).toContain(
      `Workers of task queue "${other}" have it.`,
    );
    await run.terminate();
  });

  test('an operator who pauses a knot, and one who cancels the run, are named', async () => {
    const client = await connectSelvage();
    const release = new Latch();
    const began = new Latch();
    const lingers = knot('lingers', async (_: object) => {
      began.open();
      await release.passed;
    });
    const lingering = tapestry('lingering', () => ({
      stays: lingers({}, { id: 'stays' }),
      remote: inc({ x: 1 }, { id: 'remote', dispatcher: queue(elsewhere) }),
    }));
    await startWorker(client, { tapestries: [lingering] });
    const run = await client.start(lingering, {});
    await began.passed;
    await client.client.workflowService.pauseActivity({
      namespace: client.location.namespace,
      execution: { workflowId: run.runId },
      id: 'remote',
    });
    const paused = await knotsUntil(run, { remote: 'Paused' });
    expect(byKnot(paused)['remote']).toMatchObject({ state: 'paused' });
    await run.cancel();
    const cancelling = await knotsUntil(run, { stays: 'Cancelling' });
    expect(byKnot(cancelling)['stays']).toMatchObject({ state: 'running' });
    release.open();
    expect(await run.result()).toMatchObject({ status: 'cancelled' });
  });
});

test('a knot whose worker cannot reach a backend says so', async () => {
  const real = await temporaryBackends();
  const line = new SwitchableBackends(real);
  const client = await connectSelvage({ backends: real });
  const cutting = knot('inc', ({ x }: { x: number }, { attempt }) => {
    if (attempt === 1)
      line.inflict({ code: 'BackendUnavailable', only: ['backends.commit', 'runHistory.getRecords'] });
    return x + 1;
  });
  const cut = tapestry('cut', () => ({ end: cutting({ x: 1 }, { id: 'end' }) }));
  await startWorker(client, { tapestries: [cut], backends: line.backends });
  const run = await client.start(cut, {});
  const waiting = await knotsUntil(run, { end: 'BackendUnavailable' });
  expect(byKnot(waiting)['end']).toMatchObject({
    state: 'retrying',
    reason: { message: expect.stringContaining('The test has cut') },
  });
  line.mend();
  expect(await run.values()).toEqual({ end: 2 });
});

test('knots of a segment wait for each other and with the segment', async () => {
  const client = await connectSelvage();
  const gate = new Latch();
  const begun = new Latch();
  const gated = knot('gated', async ({ x }: { x: number }) => {
    begun.open();
    await gate.passed;
    return x;
  });
  const segmented = tapestry('segmented', { knots: { dispatcher: local() } }, () => {
    const done = inc({ x: 1 }, { id: 'done' });
    const held = gated({ x: done }, { id: 'held' });
    return {
      after: inc({ x: held }, { id: 'after' }),
      out: inc({ x: held }, { id: 'out', dispatcher: queue() }),
    };
  });
  const worker = await startWorker(client, {
    tapestries: [segmented],
    identity: 'segments',
    shutdownGraceTime: 50,
  });
  const run = await client.start(segmented, {});
  await begun.passed;
  const expected = { total: 4, unfinished: 3, reasons: { Segment: 1, Parents: 2 } };
  // A worker that is busy answers no query.
  const waiting = await until('the worker tells of its segment', async () => {
    const { waiting: told } = await run.status();
    return told?.reasons.Segment === 1 ? told : undefined;
  });
  expect(waiting).toMatchObject(expected);
  expect(byKnot(waiting)).toMatchObject({
    held: { state: 'running', worker: 'segments' },
    after: { state: 'blocked', parents: ['held'] },
    out: { state: 'blocked', parents: ['held'] },
  });
  const stopping = worker.stop();
  gate.open();
  await stopping;
  await startWorker(client, { tapestries: [segmented] });
  expect(await run.values()).toEqual({ after: 3, out: 3 });
});

test('a run with more ready knots than may be in flight says which are pending, and names a hundred at most', async () => {
  const client = await connectSelvage();
  const nowhere = unique('nowhere');
  const wide = tapestry('wide', () =>
    Object.fromEntries(
      Array.from({ length: 520 }, (_, index) => [
        `k${index}`,
        inc({ x: index }, { id: `k${index}`, dispatcher: queue(nowhere) }),
      ]),
    ),
  );
  await startWorker(client, { tapestries: [wide] });
  const run = await client.start(wide, {});
  const waiting = await waitingUntil(run, ({ reasons }) => reasons.PendingActivityLimit);
  expect(waiting).toMatchObject({
    total: 520,
    unfinished: 520,
    reasons: { NoWorker: 500, PendingActivityLimit: 20 },
  });
  expect(waiting.knots).toHaveLength(100);
  await run.terminate();
});

test('a knot waits for a worker with a free slot', async () => {
  const client = await connectSelvage();
  const gate = new Latch();
  const begun = new Latch();
  const busy = knot('busy', async (_: object) => {
    begun.open();
    await gate.passed;
  });
  const two = tapestry('two', () => ({ one: busy({}, { id: 'one' }), other: busy({}, { id: 'other' }) }));
  await startWorker(client, { tapestries: [two], maxConcurrentActivityTaskExecutions: 1, identity: 'busy' });
  const run: RunHandle<object> = await client.start(two, {});
  await begun.passed;
  const waiting = await waitingUntil(run, ({ reasons }) => reasons.Running === 1);
  const other = waiting.knots.find(({ state }) => state !== 'running');
  expect(other).toMatchObject({ state: 'queued', taskQueue: client.taskQueue });
  gate.open();
  await run.values();
});

test('a map tells which of its elements are stuck and why, and each of its elements may be asked for', async () => {
  const client = await connectSelvage();
  const each = knot(
    'each',
    { retry: { maximumAttempts: 9, initialInterval: 600_000 } },
    async ({ element }: { element: number }, { signal }) => {
      if (element === 1) throw new Error('the source is down');
      if (element === 2) await aborted(signal);
      return element;
    },
  );
  const mapped = tapestry('stuck-elements', (t) => ({
    all: map({ over: t.parameter('list', z.array(z.number())), each, bind: 'element' }, { id: 'all' }),
  }));
  await startWorker(client, { tapestries: [mapped], identity: 'w', shutdownGraceTime: 1 });
  const run = await client.start(mapped, { list: [0, 1, 2] });
  const waiting = await waitingUntil(run, ({ knots: [all] }) => all?.elementReasons?.BodyThrew === 1);
  expect(byKnot(waiting)['all']).toMatchObject({
    state: 'retrying',
    reason: { code: 'BodyThrew', message: expect.stringMatching(/^all\[1\]: .*the source is down/) },
    childRunId: `${run.runId}/all`,
    elements: expect.arrayContaining([
      expect.objectContaining({ knotId: 'all[1]', state: 'retrying', attempt: 2 }),
      expect.objectContaining({ knotId: 'all[2]', state: 'running', worker: 'w' }),
    ]),
  });
  expect(await run.knot('all')).toMatchObject({ waiting: { state: 'retrying' } });
  expect(await run.knot('all[1]')).toMatchObject({
    knotId: 'all[1]',
    waiting: { state: 'retrying', reason: { message: expect.stringContaining('the source is down') } },
  });
  const done = await until('the first element is done', async () => (await run.knot('all[0]')).record);
  expect(done).toMatchObject({ knot_id: 'all[0]', outcome: 'ok' });
  await expect(run.knot('none')).rejects.toMatchObject(refusal('UnknownKnot', '"none"'));
  await expect(client.getRun(`${run.runId}/all`).status()).rejects.toMatchObject(
    refusal('UnknownRun', 'getRun(RUN).knot(KNOT)'),
  );
  await run.terminate();
});
