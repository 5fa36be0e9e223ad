import { z } from 'zod';

import {
  branch,
  firstOk,
  knot,
  local,
  loop,
  map,
  queue,
  subTapestry,
  tapestry,
  type Dispatcher,
  type Outcome,
} from '../../src';
import { Calls } from '../support/calls';
import { selvageForAll, unique } from '../support/open-selvage';
import { until } from '../support/until';
import { Latch } from '../support/latch';
import { refusal } from '../support/refusal';

const calls = new Calls();
let isBroken = true;
let mayGoOn = new Latch();

const add = knot('add', ({ a, b }: { a: number; b: number }, ctx) => {
  calls.note(ctx);
  return a + b;
});
const fetchIt = knot('fetch', ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  if (isBroken) throw new Error('the source is down');
  return x * 100;
});
const waits = knot('waits', async ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  await mayGoOn.passed;
  return x;
});
const large = knot('large', ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  return { text: 'x'.repeat(5_000), x };
});
const sizeOf = knot('size', ({ of, x }: { of: { text: string }; x: number }, ctx) => {
  calls.note(ctx);
  return of.text.length + x;
});

/** Made before the failing knot: two knots, one of them with a value that travels by reference. */
function report(name: string, dispatcher: Dispatcher) {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const x = t.parameter('x', z.number());
    const first = add({ a: x, b: 1 }, { id: 'first' });
    const bulk = large({ x: first }, { id: 'bulk' });
    const fetched = fetchIt({ x: first }, { id: 'fetched' });
    return {
      size: sizeOf({ of: bulk, x: fetched }, { id: 'size' }),
      beside: add({ a: first, b: 10 }, { id: 'beside' }),
    };
  });
}
const queued = report('queued-report', queue());
const gathered = report('gathered-report', local());
const patient = tapestry('patient', (t) => ({
  end: waits({ x: t.parameter('x', z.number()) }, { id: 'end' }),
}));

const mapped = (name: string, dispatcher: Dispatcher) =>
  tapestry(name, { knots: { dispatcher } }, (t) => ({
    all: map(
      {
        over: t.parameter('list', z.array(z.number())),
        each: ({ element }, ctx) => {
          calls.note(ctx);
          if (isBroken && element === 2) throw new Error('the source is down');
          return element * 10;
        },
      },
      { id: 'all' },
    ),
  }));
const queuedMap = mapped('queued-elements', queue());
const localMap = mapped('local-elements', local());

/** Every other element fails. */
const scatteredMap = tapestry('scattered', (t) => ({
  all: map(
    {
      over: t.parameter('list', z.array(z.number())),
      each: ({ element }, ctx) => {
        calls.note(ctx);
        if (isBroken && element % 2 === 1) throw new Error('the source is down');
        return element;
      },
      batch: 100,
    },
    { id: 'all' },
  ),
}));

/** Its end is made of a failure, as long as there is one. */
const orElse = knot(
  'or-else',
  { receives: 'outcomes' },
  ({ a, b }: { a: Outcome<number>; b: Outcome<number> }) =>
    a.kind === 'ok' ? a.value : b.kind === 'ok' ? b.value : 0,
);
const withDefault = tapestry('with-default', (t) => {
  const x = t.parameter('x', z.number());
  const chosen = orElse({ a: fetchIt({ x }, { id: 'source' }), b: x }, { id: 'chosen' });
  return { end: add({ a: chosen, b: 0 }, { id: 'end' }), beside: add({ a: x, b: 0 }, { id: 'beside' }) };
});
const branched = tapestry('branched', (t) => {
  const input = add({ a: t.parameter('x', z.number()), b: 0 }, { id: 'input' });
  const sign = branch(
    { input, branches: ['plus', 'minus'], selector: (x) => (x < 0 ? 'minus' : 'plus') },
    { id: 'sign' },
  );
  const minus = add({ a: sign.path('minus'), b: 1 }, { id: 'if-minus' });
  const plus = add({ a: sign.path('plus'), b: 2 }, { id: 'if-plus' });
  return { end: firstOk({ of: [minus, plus] }, { id: 'end' }) };
});

const once = tapestry('once', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: add({ a: x, b: 1 }, { id: 'one-more' }),
}));
const breakable = tapestry('breakable', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: fetchIt({ x: add({ a: x, b: 1 }, { id: 'before' }) }, { id: 'fragile' }),
}));
const total = knot('total', (inputs: Record<string, object>, ctx) => {
  calls.note(ctx);
  return Object.values(inputs).map((input) => (input as { x: number }).x);
});
const outer = tapestry('outer', { parameters: { x: z.number() } }, (_t, { x }) => {
  const nested = subTapestry({ tapestry: once, inputs: { x } }, { id: 'nested' });
  const looped = loop(
    {
      step: once,
      initial: { x },
      until: (state, ctx) => {
        calls.note(ctx);
        return state.x >= 3;
      },
    },
    { id: 'looped' },
  );
  const broken = subTapestry({ tapestry: breakable, inputs: { x } }, { id: 'broken' });
  return { all: total({ nested, looped, broken }, { id: 'all' }) };
});

beforeEach(() => {
  isBroken = true;
  mayGoOn = new Latch();
});
const shared = selvageForAll({
  tapestries: [queued, gathered, patient, queuedMap, localMap, scatteredMap, withDefault, branched, outer],
});

test.each([queued, gathered])(
  'a failed run is resumed: what was Ok is taken over, the rest runs ($name)',
  async (tapestryOf) => {
    const selvage = shared();
    const failed = await selvage.start(tapestryOf, { x: 1 }, { tags: ['nightly'] });
    const before = await failed.result();
    expect(before).toMatchObject({
      status: 'failed',
      outcomes: { fetched: { kind: 'err' }, size: { kind: 'skipped' }, beside: { kind: 'ok' } },
    });
    isBroken = false;
    const resumed = await selvage.resume<{ size: number; beside: number }>(failed.runId);
    expect(await resumed.values()).toEqual({ size: 5_200, beside: 12 });
    expect(calls.of(resumed.runId)).toEqual(['fetched', 'size']);

    const { run } = await resumed.status();
    const { run: origin } = await failed.status();
    expect(run).toMatchObject({
      trigger: 'resume',
      tags: ['nightly'],
      plan_hash: origin.plan_hash,
      parameter_hashes: origin.parameter_hashes,
      details: { resumed_from: failed.runId },
    });
    const records = await resumed.lineage();
    const originals = new Map((await failed.lineage()).map((record) => [record.knot_id, record]));
    const from = Object.fromEntries(records.map((record) => [record.knot_id, record.cached_from_run]));
    expect(from).toEqual({
      'param:x': failed.runId,
      first: failed.runId,
      bulk: failed.runId,
      beside: failed.runId,
      fetched: null,
      size: null,
    });
    for (const record of records.filter(({ cached_from_run: origin }) => origin !== null)) {
      const original = originals.get(record.knot_id)!;
      expect(record.output_hash).toBe(original.output_hash);
      expect(record.parent_input_hashes).toEqual(original.parent_input_hashes);
      expect(record.code_hash).toBe(original.code_hash);
    }
  },
);

test('a knot whose value was removed runs again; what was made of it stays', async () => {
  const selvage = shared();
  const failed = await selvage.start(queued, { x: 1 });
  const items = await failed.result().then(() => failed.lineage({ knotId: 'first' }));
  await selvage.backends.dataStore.delete(items[0]!.output_hash!);
  isBroken = false;
  const resumed = await selvage.resume(failed.runId);
  expect((await resumed.result()).status).toBe('succeeded');
  expect(calls.of(resumed.runId)).toEqual(['fetched', 'first', 'size']);
});

test('from a knot: it and all below it run again, although they were Ok', async () => {
  const selvage = shared();
  isBroken = false;
  const whole = await selvage.start(queued, { x: 1 });
  await whole.values();
  const resumed = await selvage.resume(whole.runId, { from: ['bulk'] });
  expect(await resumed.values()).toEqual({ size: 5_200, beside: 12 });
  expect(calls.of(resumed.runId)).toEqual(['bulk', 'size']);
  // A second time, from a run that was itself resumed: the records still name the run that made the value.
  const again = await selvage.resume(resumed.runId);
  await again.values();
  expect(calls.of(again.runId)).toEqual([]);
  const made = Object.fromEntries(
    (await again.lineage()).map((record) => [record.knot_id, record.cached_from_run]),
  );
  expect(made).toMatchObject({ first: whole.runId, bulk: resumed.runId, size: resumed.runId });
});

test('only the terminals that the run was started for are asked for again', async () => {
  const selvage = shared();
  const failed = await selvage.start(queued, { x: 1 }, { terminals: ['fetched'] });
  await failed.result();
  isBroken = false;
  const resumed = await selvage.resume(failed.runId);
  expect(await resumed.values()).toEqual({ fetched: 200 });
  expect(calls.of(resumed.runId)).toEqual(['fetched']);
});

test('a cancelled and a terminated run can be gone on from', async () => {
  const selvage = shared();
  for (const end of ['cancel', 'terminate'] as const) {
    const run = await selvage.start(patient, { x: 7 });
    await until('the body runs', () => calls.of(run.runId).length > 0);
    await run[end]();
    mayGoOn.open();
    await run.result();
    mayGoOn = new Latch();
    mayGoOn.open();
    const resumed = await selvage.resume<{ end: number }>(run.runId);
    expect(await resumed.values()).toEqual({ end: 7 });
    mayGoOn = new Latch();
  }
});

test('one run id for two resumes of one run is one run', async () => {
  const selvage = shared();
  const failed = await selvage.start(queued, { x: 1 });
  await failed.result();
  isBroken = false;
  const runId = `${failed.runId}-again`;
  const first = await selvage.resume(failed.runId, { runId });
  await first.values();
  await expect(selvage.resume(failed.runId, { runId })).rejects.toMatchObject({ code: 'RunIdInUse' });
  const second = await selvage.resume(failed.runId, { runId, ifExists: 'attach' });
  expect(await second.values()).toEqual(await first.values());
  expect(calls.of(runId)).toEqual(['fetched', 'size']);
  await expect(
    selvage.resume(failed.runId, { runId, from: ['first'], ifExists: 'attach' }),
  ).rejects.toMatchObject(refusal('RunIdInUse', 'from first'));
  const from = ['fetched', 'bulk'];
  const again = await selvage.resume(failed.runId, { runId: `${runId}-2`, from, allowDuplicate: true });
  await again.values();
  expect((await again.status()).run.details).toMatchObject({
    resumed_from: failed.runId,
    run_again: ['bulk', 'fetched'],
  });
  const attached = { runId: `${runId}-2`, from: from.toReversed(), ifExists: 'attach' } as const;
  expect((await selvage.resume(failed.runId, attached)).runId).toBe(again.runId);
  // The same plan and parameters, but not the same work.
  await expect(selvage.start(queued, { x: 1 }, { runId, ifExists: 'attach' })).rejects.toMatchObject({
    code: 'RunIdInUse',
  });
});

test('of two resumes at once one is refused; beside one that works there is no other, after it one that is asked for', async () => {
  const selvage = shared();
  const first = await selvage.start(patient, { x: 1 });
  await first.cancel();
  expect((await first.result()).status).toBe('cancelled');
  const [one, other] = await Promise.allSettled([selvage.resume(first.runId), selvage.resume(first.runId)]);
  const [resumed, refused] = one.status === 'fulfilled' ? [one, other] : [other, one];
  if (resumed.status !== 'fulfilled' || refused.status !== 'rejected') throw new Error('Not one of the two.');
  const { runId } = resumed.value;
  const works = { runId, status: 'running' };
  expect(refused.reason).toMatchObject({
    ...refusal('AlreadyResumed', runId),
    details: { run: first.runId, resumedAs: [works] },
  });
  await expect(selvage.resume(first.runId, { allowDuplicate: true })).rejects.toMatchObject(
    refusal('AlreadyResumed', 'cancel it first'),
  );
  expect(await first.status()).toMatchObject({ resumedAs: [works] });
  mayGoOn.open();
  await resumed.value.values();

  await expect(selvage.resume(first.runId)).rejects.toMatchObject(
    refusal('AlreadyResumed', 'allowDuplicate: true'),
  );
  const again = await selvage.resume(first.runId, { allowDuplicate: true });
  await again.values();
  const ended = [runId, again.runId].map((id) => ({ runId: id, status: 'succeeded' }));
  expect(await first.status()).toMatchObject({ resumedAs: ended });
  expect((await again.status()).run.details).toMatchObject({ resumed_from: first.runId });
  const listed = async (query: { resumed?: false }): Promise<[string, unknown][]> =>
    (await selvage.runs.list({ tapestry: 'patient', limit: 10, ...query })).items.map((run) => [
      run.run_id,
      run.details['resumed_as'],
    ]);
  expect(await listed({})).toContainEqual([first.runId, [runId, again.runId]]);
  const left = await listed({ resumed: false });
  expect(left).toEqual(expect.arrayContaining([[again.runId, undefined]]));
  expect(left.map(([id]) => id)).not.toContain(first.runId);
});

test('what cannot be resumed is refused, and says why', async () => {
  const selvage = shared();
  await expect(selvage.resume('nobody')).rejects.toMatchObject(refusal('UnknownRun', 'nobody'));
  const working = await selvage.start(patient, { x: 1 });
  await until('the body runs', () => calls.of(working.runId).length > 0);
  await expect(selvage.resume(working.runId)).rejects.toMatchObject(refusal('RunNotOver', working.runId));
  mayGoOn.open();
  await working.values();
  await expect(selvage.resume(working.runId, { from: ['nothing'] })).rejects.toMatchObject(
    refusal('UnknownKnot', '"nothing"'),
  );
  await expect(selvage.resume(working.runId, { from: ['param:x'] })).rejects.toMatchObject(
    refusal('NotResumable', 'param:x'),
  );
  const items = await working.lineage({ knotId: 'param:x' });
  await selvage.backends.dataStore.delete(items[0]!.output_hash!);
  await expect(selvage.resume(working.runId)).rejects.toMatchObject(refusal('NotResumable', working.runId));
  // Found out by the worker, where the value went after the client had looked.
  const raw = await selvage.client.workflow.start('patient', {
    workflowId: `${working.runId}-late`,
    taskQueue: selvage.taskQueue!,
    args: [{}],
    memo: {
      selvage: {
        plan: (await working.status()).run.plan_hash,
        resume: { runId: working.runId, temporalRunId: (await working.status()).run.temporal_run_id },
      },
    },
  });
  await expect(raw.result()).rejects.toMatchObject({ cause: { type: 'NotResumable' } });
  expect((await selvage.getRun(raw.workflowId).status()).run).toMatchObject({
    status: 'failed',
    details: {
      error: { message: expect.stringContaining('the value of its parameter "x" is not there') },
    },
  });
});

test('a run that ended before a worker began it cannot be resumed', async () => {
  const selvage = shared();
  const unheard = await selvage.start(patient, { x: 1 }, { taskQueue: unique('nobody') });
  await unheard.terminate();
  await expect(selvage.resume(unheard.runId)).rejects.toMatchObject(
    refusal('NotResumable', 'before a worker had accepted its parameters'),
  );
});

test.each([queuedMap, localMap])(
  'elements of a map that were Ok are taken over, too ($name)',
  async (shape) => {
    const first = await shared().start(shape, { list: [1, 2, 3] });
    expect((await first.result()).status).toBe('failed');
    expect(calls.of(first.runId)).toEqual(['all[0]', 'all[1]', 'all[2]']);
    isBroken = false;
    const second = await shared().resume(first.runId);
    expect(await second.values()).toEqual({ all: [10, 20, 30] });
    expect(calls.of(second.runId)).toEqual(['all[1]']);
    const items = await second.lineage({ knotId: 'all[0]' });
    expect(items[0]).toMatchObject({ cached_from_run: first.runId, outcome: 'ok' });
  },
);

test('so are those of a map in batches, also if there are more runs of them than an answer names', async () => {
  const list = Array.from({ length: 4_200 }, (_, index) => index);
  const first = await shared().start(scatteredMap, { list });
  expect((await first.result()).status).toBe('failed');
  isBroken = false;
  const second = await shared().resume(first.runId);
  expect(await second.values()).toEqual({ all: list });
  expect(calls.of(second.runId)).toHaveLength(2_100);
});

async function takenOver(runId: string): Promise<string[]> {
  const { items } = await shared().lineage.records({ runId });
  return items
    .filter(({ cached_from_run }) => cached_from_run !== null)
    .map(({ knot_id }) => knot_id)
    .sort();
}

test('what was made of a failure runs again, and all below it', async () => {
  const run = await shared().start(withDefault, { x: 3 });
  expect(await run.values()).toEqual({ end: 3, beside: 3 });
  isBroken = false;
  const resumed = await shared().resume(run.runId);
  expect(await resumed.values()).toEqual({ end: 300, beside: 3 });
  expect(await takenOver(resumed.runId)).toEqual(['beside', 'param:x']);
});

test('a branch keeps what it has chosen, and runs again for one of its paths', async () => {
  const run = await shared().start(branched, { x: -2 });
  expect(await run.values()).toEqual({ end: -1 });
  const same = await shared().resume(run.runId);
  expect(await same.values()).toEqual({ end: -1 });
  expect(await takenOver(same.runId)).toEqual(expect.arrayContaining(['sign', 'sign:minus', 'end']));
  const again = await shared().resume(run.runId, { from: ['sign:minus'], allowDuplicate: true });
  expect(await again.values()).toEqual({ end: -1 });
  expect((await again.result()).outcomes['sign:plus']).toMatchObject({ reason: 'branch_not_selected' });
  expect(await takenOver(again.runId)).toEqual(['input', 'param:x']);
});

test('a resumed run takes over what its nested runs have made, and starts new ones for those that failed', async () => {
  const selvage = shared();
  const failed = await selvage.start(outer, { x: 1 });
  expect(await failed.result()).toMatchObject({
    status: 'failed',
    outcomes: { broken: { kind: 'err', error: { type: 'SubRunFailed' } }, all: { kind: 'skipped' } },
  });
  expect(calls.of(`${failed.runId}/nested#1`)).toEqual(['one-more']);
  expect(calls.of(failed.runId)).toEqual(['looped', 'looped']);

  isBroken = false;
  const resumed = await selvage.resume<{ all: number[] }>(failed.runId);
  expect(await resumed.values()).toEqual({ all: [200, 3, 2] });
  const { runId } = resumed;
  expect(calls.of(runId)).toEqual(['all']);
  for (const id of ['nested#1', 'looped#1', 'looped#2']) {
    expect(calls.of(`${runId}/${id}`)).toEqual([]);
    expect(await selvage.backends.runHistory.getRun(`${runId}/${id}`)).toBeUndefined();
  }
  expect(calls.of(`${runId}/broken#1`)).toEqual(['before', 'fragile']);
  expect((await selvage.getRun(`${runId}/broken#1`).status()).run).toMatchObject({
    parent_run_id: runId,
    status: 'succeeded',
  });

  // Who asks is led into the run that made the value.
  const records = new Map((await resumed.lineage()).map((record) => [record.knot_id, record]));
  const before = new Map((await failed.lineage()).map((record) => [record.knot_id, record]));
  for (const id of ['nested', 'looped']) {
    expect(records.get(id)).toMatchObject({
      cached_from_run: failed.runId,
      output_hash: before.get(id)!.output_hash,
      extra: { child_run: before.get(id)!.extra['child_run'] },
    });
  }
  expect(records.get('broken')).toMatchObject({
    cached_from_run: null,
    extra: { child_run: { run_id: `${runId}/broken#1` } },
  });
});
