import { z } from 'zod';

import {
  branch,
  firstOk,
  gate,
  knot,
  loop,
  map,
  queue,
  runLocally,
  subTapestry,
  tapestry,
  waitForSignal,
  type Knot,
} from '../../src';
import type { LineageRecord, Progress, RunQuery, Selvage } from '../../src/client';
import { Latch } from '../support/latch';
import { connectSelvage, selvageForAll, startWorker, unique } from '../support/open-selvage';
import { until } from '../support/until';

const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const boom = knot('boom', ({ x }: { x: number }): number => {
  throw new Error(`no | ${x}`);
});
const gates = new Map<string, Latch>();
const gated = knot('gated', async ({ x }: { x: number }, { runId }) => {
  await gates.get(runId)?.passed;
  return x;
});

const sum = tapestry('sum', (t) => {
  const a = t.parameter('a', z.number());
  const b = t.parameter('b', z.number(), { default: 10 });
  const half = add({ a, b: 0 }, { id: 'half' });
  return { half, sum: add({ a: half, b }, { id: 'sum' }) };
});
const watched = tapestry('watched', (t) => {
  const x = t.parameter('x', z.number());
  const held = gated({ x }, { id: 'held' });
  boom({ x }, { id: 'broken' });
  return { after: add({ a: held, b: 1 }, { id: 'after' }) };
});

const increment = tapestry('increment', (t) => ({
  n: add({ a: t.parameter('n', z.number()), b: 1 }, { id: 'plus' }),
}));
const lasting = tapestry('lasting', () => {
  const list = knot('list', () => [1, 2])({}, { id: 'list' });
  return {
    mapped: map({ over: list, each: ({ element }) => element + 1 }, { id: 'mapped' }),
    nested: subTapestry({ tapestry: increment, inputs: { n: 1 } }, { id: 'nested' }),
    looped: loop({ step: increment, initial: { n: 0 }, until: ({ n }) => n === 2, max: 5 }, { id: 'looped' }),
    said: waitForSignal('say', z.string(), { id: 'said' }),
  };
});

const slowly = tapestry('slowly', (t) => {
  const of = (over: Knot<number[]> | Knot<Record<string, number>>, id: string) =>
    map(
      {
        over: over as Knot<number[]>,
        each: async ({ element }, { runId }) => {
          if (element > 1) await gates.get(runId)?.passed;
          return element;
        },
      },
      { id },
    );
  return {
    list: of(t.parameter('list', z.array(z.number())), 'of-list'),
    record: of(t.parameter('record', z.record(z.string(), z.number())), 'of-record'),
  };
});
const conditional = tapestry('conditional', (t) => {
  const x = t.parameter('x', z.number());
  const big = gate({ input: x, predicate: (of) => of > 5 }, { id: 'big' });
  const way = branch({ input: x, branches: ['low', 'high'], selector: () => 'low' }, { id: 'way' });
  const [low, high] = [way.path('low'), add({ a: way.path('high'), b: 0 }, { id: 'high' })];
  const below = add({ a: big, b: 1 }, { id: 'below' });
  return {
    big,
    below,
    high,
    rejoined: firstOk({ of: [low, high] }, { id: 'rejoined' }),
    either: firstOk({ of: [big, high] }, { id: 'either' }),
    way,
  };
});
const around = tapestry('around', (t) => ({
  inner: subTapestry({ tapestry: conditional, inputs: { x: t.parameter('x', z.number()) } }, { id: 'inner' }),
}));
const incomplete = tapestry('incomplete', (t) => {
  const input = t.parameter('x', z.number());
  const way = branch({ input, branches: ['low', 'high'], selector: () => 'low' }, { id: 'way' });
  return { only: firstOk({ of: [way.path('high')] }, { id: 'only' }) };
});
const asking = tapestry('asking', () => ({ said: waitForSignal('say', z.string(), { id: 'said' }) }));

const shared = selvageForAll({ tapestries: [sum, watched, lasting, slowly, asking, around, incomplete] });

test('equal work may attach to a run, running or finished; other work is refused with both hashes', async () => {
  const runId = unique('sum');
  const run = await shared().start(sum, { a: 1 }, { runId });
  const attached = await shared().start(sum, { a: 1 }, { runId, ifExists: 'attach' });
  expect(await attached.values()).toEqual(await run.values());
  const again = await shared().start(sum, { a: 1 }, { runId, ifExists: 'attach' });
  expect(await again.values()).toEqual({ half: 1, sum: 11 });
  const other = await shared()
    .start(sum, { a: 2 }, { runId, ifExists: 'attach' })
    .catch((error: unknown) => error);
  expect(other).toMatchObject({ code: 'RunIdInUse', message: expect.stringContaining(runId) });
  const { found, wanted } = (other as { details: Record<string, { plan: string; parameters: string }> })
    .details;
  expect(found!.plan).toBe(wanted!.plan);
  expect(found!.parameters).not.toBe(wanted!.parameters);
  await expect(shared().start(sum, { a: 1 }, { runId })).rejects.toMatchObject({ code: 'RunIdInUse' });
  await expect(
    shared().start(sum, { a: 1 }, { runId, ifExists: 'attach', terminals: ['half'] }),
  ).rejects.toMatchObject({ code: 'RunIdInUse' });
  expect((await shared().lineage.records({ runId, knotId: 'sum' })).items).toHaveLength(1);
});

test('of many that start one id at once, one starts it and all see its result', async () => {
  const runId = unique('sum');
  const runs = await Promise.all(
    Array.from({ length: 8 }, () => shared().start(sum, { a: 5 }, { runId, ifExists: 'attach' })),
  );
  const values = await Promise.all(runs.map((run) => run.values()));
  expect(values).toEqual(Array.from({ length: 8 }, () => ({ half: 5, sum: 15 })));
  expect((await shared().lineage.records({ runId })).items).toHaveLength(4);
});

test('a client asks and acts by the names of operations; what is no operation, or asked wrongly, is refused', async () => {
  const { runId } = await shared().start(asking, {}, { runId: unique('asked') });
  const { run } = await shared().call('runs.show', { runId });
  expect(run).toMatchObject({ runId, tapestry: 'asking', status: 'running', startedAt: expect.any(Number) });
  await shared().call('runs.terminate', { runId });
  expect((await shared().call('runs.show', { runId })).run.status).toBe('terminated');
  const started = await shared().call('runs.start', { tapestry: 'sum', parameters: { a: 1 } });
  expect(await shared().getRun(started.runId).values()).toEqual({ half: 1, sum: 11 });
  await expect(shared().call('runs.shown' as 'runs.show', { runId })).rejects.toMatchObject({
    code: 'InvalidRequest',
    message: expect.stringContaining('runs.show'),
  });
  await expect(shared().call('runs.show', {} as { runId: string })).rejects.toMatchObject({
    code: 'InvalidRequest',
  });
});

test('the lineage of a run is a list of its records, as in process: all of them, or those that fit', async () => {
  const run = await shared().start(sum, { a: 3 });
  await run.values();
  const lineage: readonly LineageRecord[] = await run.lineage();
  const ids = (records: readonly LineageRecord[]) => records.map(({ knot_id }) => knot_id).sort();
  const here: readonly LineageRecord[] = (await runLocally(sum, { a: 3 })).lineage;
  expect(ids(lineage)).toEqual(ids(here));
  const ends = lineage.map(({ finished_at }) => finished_at);
  expect(ends).toEqual([...ends].sort((one, other) => one - other));
  expect(await run.lineage({ knotId: 'sum' })).toEqual([lineage.find(({ knot_id }) => knot_id === 'sum')]);
  expect(await run.lineage({ outcome: 'err' })).toEqual([]);
});

test('terminals that are chosen run with what they need, and nothing else does', async () => {
  const run = await shared().start(sum, { a: 1 }, { terminals: ['half'] });
  expect(await run.result()).toMatchObject({ status: 'succeeded', values: { half: 1 } });
  const items = await run.lineage();
  expect(items.map(({ knot_id }) => knot_id)).not.toContain('sum');
  await expect(shared().start(sum, { a: 1 }, { terminals: ['nothing'] })).rejects.toMatchObject({
    code: 'UnknownTerminal',
  });
  await expect(shared().start(sum, { a: 1 }, { terminals: [] })).rejects.toMatchObject({
    code: 'UnknownTerminal',
  });
});

test('a run says who started it, by what and with which tags, and is found by them', async () => {
  const tag = unique('tag');
  const run = await shared().start(
    sum,
    { a: 1 },
    {
      tags: [tag, 'nightly'],
      actor: 'ada',
      vcsCommit: 'abc123',
      triggerKey: 'orders/3/17',
      event: { topic: 'orders', partition: 3, offset: '17' },
      partition: '2024-01-01',
    },
  );
  await run.result();
  const { items } = await shared().runs.list({ tag, actor: 'ada' });
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({
    run_id: run.runId,
    tapestry: 'sum',
    status: 'succeeded',
    trigger: 'code',
    trigger_key: 'orders/3/17',
    partition: '2024-01-01',
    details: { event: { topic: 'orders', partition: 3, offset: '17' } },
    tags: [tag, 'nightly'],
    vcs_commit: 'abc123',
    terminals: { half: 'half', sum: 'sum' },
    parameter_hashes: { a: expect.stringMatching(/^sha256:/), b: expect.stringMatching(/^sha256:/) },
  });
  expect(items[0]!.finished_at).toBeGreaterThanOrEqual(items[0]!.started_at);
});

test('a nested run that no worker has begun is listed with the records of its parent, and not with others', async () => {
  const nowhere = tapestry('nowhere', () => {
    subTapestry(
      { tapestry: sum, inputs: { a: 1, b: 2 } },
      { id: 'inner', dispatcher: queue(unique('idle')) },
    );
  });
  const [ours, other] = [await connectSelvage(), await connectSelvage()];
  await startWorker(ours, { tapestries: [nowhere] });
  const run = await ours.start(nowhere, {});
  const inner = `${run.runId}/inner#1`;
  const isListed = async (selvage: Selvage): Promise<boolean> =>
    (await selvage.runs.list()).items.some(({ run_id: id }) => id === inner);
  await until('the server lists it', () => isListed(ours));
  expect(await isListed(other)).toBe(false);
  await run.terminate();
});

test('a run that no worker has begun is listed as running, once, until one has', async () => {
  const selvage = await connectSelvage();
  const run = await selvage.start(sum, { a: 1 }, { tags: ['waits'] });
  const listed = async (query: RunQuery) =>
    (await selvage.runs.list(query)).items.map(({ run_id, status, details }) => [
      run_id,
      status,
      details['begun'],
    ]);
  const unbegun = [[run.runId, 'running', false]];
  for (const query of [{}, { status: 'running' }, { tapestry: 'sum' }, { tag: 'waits' }] as const)
    expect(
      await until(`the server lists it for ${JSON.stringify(query)}`, async () => {
        const found = await listed(query);
        return found.length > 0 ? found : undefined;
      }),
    ).toEqual(unbegun);
  for (const query of [{ status: 'failed' }, { tapestry: 'other' }, { tag: 'other' }, { until: 1 }] as const)
    expect(await listed(query)).toEqual([]);
  await startWorker(selvage, { tapestries: [sum] });
  await run.result();
  expect(await listed({})).toEqual([[run.runId, 'succeeded', undefined]]);
  expect(await listed({ status: 'running' })).toEqual([]);
});

test('a run in flight shows its counts, what runs and what failed: to status(), to progress(), to the server’s UI', async () => {
  const runId = unique('watched');
  const gate = new Latch();
  gates.set(runId, gate);
  const run = await shared().start(watched, { x: 4 }, { runId });
  const seen: Progress[] = [];
  const watching = (async () => {
    for await (const progress of run.progress({ interval: 20 })) seen.push(progress);
  })();
  const midway = await until('broken has failed while held runs', () =>
    seen.find(({ counts }) => counts.err === 1 && counts.running === 1),
  );
  expect(midway).toMatchObject({
    runId,
    counts: { ok: 1, err: 1, skipped: 0, running: 1, waiting: 1, total: 4 },
    running: ['held'],
    failures: [{ knotId: 'broken', type: 'Error', message: 'no | 4' }],
    done: false,
  });
  // A worker that is busy answers no query.
  const state = await until('the worker answers', async () => {
    const told = await run.status();
    return told.live ? told : undefined;
  });
  expect(state).toMatchObject({
    run: { run_id: runId, status: 'running' },
    live: { counts: midway.counts, running: ['held'] },
  });
  const workflow = shared().client.workflow.getHandle(runId);
  // The server gives a query up that no worker gets to in ten seconds, as on a machine with much else to do.
  const metadata = await until('a worker answers the query', () =>
    workflow.query<{ currentDetails: string }>('__temporal_workflow_metadata').catch(() => undefined),
  );
  expect(metadata.currentDetails.split('\n')).toEqual([
    '| knots | ok | failed | skipped | running | waiting |',
    '|---|---|---|---|---|---|',
    '| 4 | 1 | 1 | 0 | 1 | 1 |',
    '',
    '| failed knot | error |',
    '|---|---|',
    '| broken | Error: no \\| 4 |',
  ]);
  gate.open();
  await watching;
  expect(seen.at(-1)).toMatchObject({
    counts: { ok: 3, err: 1, skipped: 0, running: 0, waiting: 0, total: 4 },
    running: [],
    done: true,
    failures: [{ knotId: 'broken' }],
  });
  expect(seen.filter(({ done }) => done)).toHaveLength(1);
  expect((await run.status()).live).toBeUndefined();
});

test('progress() and status() tell how far maps are, and what signals are waited for', async () => {
  const runId = unique('slowly');
  const gate = new Latch();
  gates.set(runId, gate);
  const run = await shared().start(slowly, { list: [0, 1, 2, 3], record: { a: 1, b: 2 } }, { runId });
  const wanted = [
    { knotId: 'of-list', done: 2, total: 4 },
    { knotId: 'of-record', done: 1 },
  ];
  for await (const { maps, done } of run.progress()) {
    expect(done).toBe(false);
    if (JSON.stringify(maps) === JSON.stringify(wanted)) break;
  }
  expect(await until('the worker answers', async () => (await run.status()).maps)).toEqual(wanted);
  gate.open();
  await run.result();

  const asks = await shared().start(asking, {});
  for await (const { waits, done } of asks.progress()) {
    expect(done).toBe(false);
    if (waits.length > 0) {
      expect(waits).toEqual([{ knotId: 'said', signal: 'say' }]);
      break;
    }
  }
  await asks.signal('say', 'hello');
  await asks.result();
});

test('breaking off progress() leaves the run alone', async () => {
  const runId = unique('watched');
  const gate = new Latch();
  gates.set(runId, gate);
  const run = await shared().start(watched, { x: 4 }, { runId });
  for await (const progress of run.progress({ interval: 20 })) {
    if (progress.counts.running > 0) break;
  }
  gate.open();
  expect((await run.result()).outputs).toMatchObject({ after: 5 });
});

test('two of them share one run: knots that need each other meet', async () => {
  const begun = { left: new Latch(), right: new Latch() };
  const meet = knot('meet', async ({ me, other }: { me: 'left' | 'right'; other: 'left' | 'right' }) => {
    begun[me].open();
    await begun[other].passed;
    return me;
  });
  const meeting = tapestry('meeting', () => ({
    left: meet({ me: 'left', other: 'right' }, { id: 'left' }),
    right: meet({ me: 'right', other: 'left' }, { id: 'right' }),
  }));
  const client = await connectSelvage();
  // Each runs one body at a time, so that neither can do it alone.
  for (const identity of ['worker-1', 'worker-2']) {
    await startWorker(client, { tapestries: [meeting], identity, maxConcurrentActivityTaskExecutions: 1 });
  }
  const run = await client.start(meeting, {});
  expect(await run.values()).toEqual({ left: 'left', right: 'right' });
  const items = await run.lineage({ definition: 'meet' });
  expect(items.map(({ worker }) => worker).sort()).toEqual(['worker-1', 'worker-2']);
});

test('the time of a knot is all that it took: the elements of a map, the runs of a node that has some, a wait', async () => {
  const run = await shared().start(lasting, {});
  await until('the run waits', async () => (await run.status()).waiting?.reasons.Signal);
  const waiting = Date.now();
  await run.signal('say', 'hello');
  expect(await run.values()).toMatchObject({ mapped: [2, 3], nested: { n: 2 }, looped: { n: 2 } });
  const records = new Map((await run.lineage()).map((record) => [record.knot_id, record]));
  const childOf = async (number: string) => (await shared().getRun(number).status()).run;
  const within = {
    mapped: [records.get('mapped[0]')!, records.get('mapped[1]')!],
    nested: [await childOf(`${run.runId}/nested#1`)],
    looped: [await childOf(`${run.runId}/looped#1`), await childOf(`${run.runId}/looped#2`)],
    said: [{ started_at: waiting, finished_at: waiting }],
  };
  for (const [knotId, parts] of Object.entries(within)) {
    const { scheduled_at, started_at, finished_at } = records.get(knotId)!;
    expect(scheduled_at).toBeLessThanOrEqual(started_at);
    expect(started_at).toBeLessThanOrEqual(Math.min(...parts.map((part) => part.started_at)));
    expect(finished_at).toBeGreaterThanOrEqual(Math.max(...parts.map((part) => part.finished_at!)));
  }
});

test('values() leaves out what a closed gate and a path that was not selected skip, and does not throw', async () => {
  const low = { rejoined: 1, way: 'low' } as const;
  const nested = await shared().start(around, { x: 1 });
  expect(await nested.values()).toEqual({ inner: low });
  const inner = shared().getRun(`${nested.runId}/inner#1`);
  expect(await inner.values()).toEqual(low);
  expect((await inner.outcomes())['big']).toEqual({ kind: 'skipped', reason: 'gate_closed' });
  const open = { ...low, rejoined: 9, big: 9, below: 10, either: 9 };
  expect(await (await shared().start(around, { x: 9 })).values()).toEqual({ inner: open });
  expect((await runLocally(around, { x: 1 })).values).toEqual({ inner: low });
  expect((await runLocally(around, { x: 9 })).values).toEqual({ inner: open });
});

test('a firstOk that leaves out the path that was selected has no value, and that is said', async () => {
  const run = await shared().start(incomplete, { x: 1 });
  await expect(run.values()).rejects.toMatchObject({
    code: 'RunFailed',
    message: expect.stringMatching(/did not come to all its values: "only" had to be skipped/),
  });
});
