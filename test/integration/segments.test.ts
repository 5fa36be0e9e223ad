import { z } from 'zod';

import { knot, local, queue, tapestry, type Knot, type KnotContext } from '../../src';
import type { RunHandle } from '../../src/client';
import type { RunRecord } from '../../src/ports';
import type { KnotCompletion, KnotEvent } from '../../src/worker';
import { STATUS_QUERY } from '../../src/workflows/messages';
import { historyOf, scheduledActivities } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { openSelvage, selvageForAll, temporaryBackends } from '../support/open-selvage';
import { SwitchableBackends } from '../support/switchable-backends';
import { until } from '../support/until';

const dispatched = { knots: { dispatcher: local() } };
/** How often bodies were called, by run and knot. */
const calls = new Map<string, number>();

function called({ runId, knotId }: KnotContext): number {
  const times = (calls.get(`${runId}/${knotId}`) ?? 0) + 1;
  calls.set(`${runId}/${knotId}`, times);
  return times;
}

/** What the bodies of the running test wait for. */
let opened = new Latch();
let stopped = false;
beforeEach(() => {
  opened = new Latch();
  stopped = false;
});

const inc = knot('inc', ({ x }: { x: number }, ctx) => {
  called(ctx);
  return x + 1;
});
const total = knot('total', (inputs: Record<string, number>) =>
  Object.values(inputs).reduce((a, b) => a + b, 0),
);
const waits = knot('waits', async ({ x }: { x: number }, ctx) => {
  called(ctx);
  await opened.passed;
  return x + 1;
});
const lasts = knot('lasts', async ({ x }: { x: number }, ctx) => {
  called(ctx);
  await aborted(ctx.signal).catch(() => undefined);
  stopped = true;
  return x;
});

/** A knot before the first segment: one that comes first of all begins in the run's first step. */
function begin(x: Knot<number>): Knot<number> {
  return inc({ x }, { id: 'begin', dispatcher: queue() });
}

function chain(name: string, size: number) {
  return tapestry(name, dispatched, (t) => {
    let result = begin(t.parameter('x', z.number()));
    for (let n = 0; n < size; n++) result = inc({ x: result }, { id: `inc-${n}` });
    return { result };
  });
}

const localChain = chain('localChain', 30);
const longChain = chain('longChain', 2_500);

/** local -> queue -> local, beside a local knot that all of them meet in. */
const mixed = tapestry('mixed', dispatched, (t) => {
  const x = begin(t.parameter('x', z.number()));
  const a = inc({ x }, { id: 'a' });
  const b = inc({ x: a }, { id: 'b' });
  const c = inc({ x: b }, { id: 'c', dispatcher: queue() });
  const d = inc({ x: c }, { id: 'd' });
  const beside = inc({ x: a }, { id: 'beside' });
  return { end: total({ d, beside, a }, { id: 'end' }) };
});

const quick = tapestry('quick', dispatched, (t) => {
  let result: Knot<number> = t.parameter('x', z.number());
  for (let n = 0; n < 3; n++) result = inc({ x: result }, { id: `inc-${n}` });
  return { result };
});
const slow = tapestry('slow', dispatched, (t) => {
  const before = inc({ x: t.parameter('x', z.number()) }, { id: 'before' });
  return { after: inc({ x: waits({ x: before }, { id: 'waits' }) }, { id: 'after' }) };
});
const endless = tapestry('endless', dispatched, (t) => {
  const before = inc({ x: t.parameter('x', z.number()) }, { id: 'before' });
  return { after: inc({ x: lasts({ x: before }, { id: 'lasts' }) }, { id: 'after' }) };
});

const shared = selvageForAll({
  tapestries: [localChain, longChain, mixed, quick, slow, endless],
});

const activitiesOf = async (runId: string) => scheduledActivities(await historyOf(shared(), runId));
const activitiesAfterBegin = async (runId: string) => (await activitiesOf(runId)).slice(1);

test('a chain is one activity, and each of its knots has its record', async () => {
  const run = await shared().start(localChain, { x: 5 });
  expect(await run.values()).toEqual({ result: 36 });
  expect(
    (await activitiesAfterBegin(run.runId)).map(({ id, type, summary }) => ({ id, type, summary })),
  ).toEqual([
    { id: 'selvage.segment:1:inc-0', type: 'selvage.segment', summary: '30 knots: inc-0 … inc-29' },
  ]);
  const items = await run.lineage();
  expect(items).toHaveLength(32);
  const byKnot = new Map(items.map((record) => [record.knot_id, record]));
  expect(byKnot.get('inc-7')).toMatchObject({
    outcome: 'ok',
    attempt: 1,
    dispatcher: 'local',
    task_queue: shared().taskQueue,
    parent_input_hashes: { x: byKnot.get('inc-6')!.output_hash },
  });
  for (let n = 1; n < 30; n++) {
    expect(byKnot.get(`inc-${n}`)!.started_at).toBeGreaterThanOrEqual(
      byKnot.get(`inc-${n - 1}`)!.finished_at,
    );
  }
});

test('local and queued knots take turns, and values cross in both directions', async () => {
  const run = await shared().start(mixed, { x: 1 });
  expect(await run.values()).toEqual({ end: 6 + 4 + 3 });
  expect((await activitiesAfterBegin(run.runId)).map(({ id, summary }) => [id, summary])).toEqual([
    ['selvage.segment:1:a', '3 knots: a … beside'],
    ['c', undefined],
    ['selvage.segment:2:d', '2 knots: d, end'],
  ]);
});

test('more knots than a segment takes go in several', async () => {
  const run = await shared().start(longChain, { x: 0 });
  expect(await run.values()).toEqual({ result: 2_501 });
  const [first, ...others] = (await activitiesAfterBegin(run.runId)).map(({ summary }) => summary);
  expect(first).toBe('2000 knots: inc-0 … inc-1999');
  // A segment stops after a while, so a slow machine needs more than one for the rest. Each takes all that is left.
  expect(others).not.toEqual([]);
  for (const summary of others) expect(summary).toMatch(/^\d+ knots: inc-\d+ … inc-2499$/);
});

async function ended(run: RunHandle<object>): Promise<RunRecord> {
  await run.result({ outputs: 'none' });
  return (await run.status()).run;
}

describe('the first segment of a run', () => {
  test('needs no activity where it is quick', async () => {
    await until('a run had none', async () => {
      const run = await shared().start(quick, { x: 1 });
      expect(await run.values()).toEqual({ result: 4 });
      expect((await run.lineage()).map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok']);
      return (await activitiesOf(run.runId)).length === 0;
    });
  });

  test('ends the run where it is all of it and all is Ok: one task, one step, and its answer is whole', async () => {
    await until('a run ended so', async () => {
      const run = await shared().start(quick, { x: 1 });
      const { temporal_run_id: temporalRunId, ...record } = await ended(run);
      expect(record).toMatchObject({
        status: 'succeeded',
        details: { counts: { ok: 4, err: 0, skipped: 0 } },
      });
      const workflow = shared().client.workflow.getHandle(run.runId);
      const counts = { ok: 4, err: 0, skipped: 0 };
      expect(await workflow.result()).toMatchObject({
        status: 'succeeded',
        counts,
        plan: record.plan_hash,
        record: expect.stringMatching(/^sha256:/),
        terminals: { 'inc-2': { value: 4 } },
      });
      expect(await workflow.query(STATUS_QUERY)).toMatchObject({
        plan: record.plan_hash,
        counts: { ...counts, running: 0, waiting: 0, total: 4 },
        running: [],
      });
      const events = await historyOf(shared(), run.runId, temporalRunId);
      return events.filter((event) => event.markerRecordedEventAttributes).length === 1;
    });
  });

  test('goes on as an activity where it is slow, and no body is called again', async () => {
    const run = await shared().start(slow, { x: 1 });
    await until('its activity is there', async () => (await activitiesOf(run.runId)).length === 1);
    expect((await run.outcomes())['before']).toMatchObject({ kind: 'ok', value: 2 });
    opened.open();
    expect(await run.values()).toEqual({ after: 4 });
    expect((await activitiesOf(run.runId)).map(({ id }) => id)).toEqual(['selvage.segment:1:before']);
    expect(calls.get(`${run.runId}/waits`)).toBe(1);
  });

  test('hears of a cancel of the run when its activity has taken it over', async () => {
    const run = await shared().start(endless, { x: 1 });
    await until('its activity is there', async () => (await activitiesOf(run.runId)).length === 1);
    await run.cancel();
    expect(await run.result()).toMatchObject({
      status: 'cancelled',
      outputs: { before: 2, lasts: 2 },
      outcomes: { after: { kind: 'skipped', reason: 'cancelled' } },
    });
    expect([calls.get(`${run.runId}/lasts`), stopped]).toEqual([1, true]);
  });
});

test('a timeout holds for each body, and a cancel ends a segment: what ended counts, the rest is skipped', async () => {
  const begun = new Latch();
  const hangs = knot('hangs', async (_: { x: number }, { signal }): Promise<number> => {
    begun.open();
    return await aborted(signal);
  });
  const stopping = tapestry('stopping', dispatched, (t) => {
    const x = t.parameter('x', z.number());
    hangs({ x }, { id: 'late', timeout: 100 });
    const done = inc({ x }, { id: 'done' });
    const hung = hangs({ x: done }, { id: 'hung' });
    lasts({ x: done }, { id: 'lasts' });
    return { never: inc({ x: hung }, { id: 'never' }) };
  });
  const selvage = await openSelvage({ tapestries: [stopping] });
  const run = await selvage.start(stopping, { x: 1 });
  await begun.passed;
  await until('the timeout has passed', async () => (await run.outcomes())['late']);
  await run.cancel();
  const result = await run.result();
  expect(result.status).toBe('cancelled');
  expect(result.outcomes).toMatchObject({
    late: { kind: 'err', error: { type: 'BodyTimeout' } },
    done: { kind: 'ok', value: 2 },
    lasts: { kind: 'ok', value: 2 },
    hung: { kind: 'skipped', reason: 'cancelled' },
    never: { kind: 'skipped', reason: 'cancelled' },
  });
});

test('an outage of the backends is a refusal of the segment: it goes on from what is committed', async () => {
  const line = new SwitchableBackends(await temporaryBackends());
  const breaks = knot('breaks', ({ x }: { x: number }, ctx) => {
    // As often as the commit is tried in one attempt.
    if (called(ctx) === 1) line.inflict({ code: 'BackendUnavailable', only: ['backends.commit'], times: 5 });
    return x + 1;
  });
  const outage = tapestry('outage', dispatched, (t) => {
    const first = inc({ x: t.parameter('x', z.number()) }, { id: 'first' });
    return { last: inc({ x: breaks({ x: first }, { id: 'breaks' }) }, { id: 'last' }) };
  });
  const selvage = await openSelvage({ tapestries: [outage], backends: line.backends });
  const run = await selvage.start(outage, { x: 0 });
  expect(await run.values()).toEqual({ last: 3 });
  expect(line.hit).toHaveLength(5);
  expect(calls.get(`${run.runId}/first`)).toBe(1);
  expect(calls.get(`${run.runId}/breaks`)).toBe(2);
  expect(scheduledActivities(await historyOf(selvage, run.runId))).toHaveLength(1);
});

test('while a segment runs, its knots are counted as they are committed, and observers hear of each', async () => {
  const watched = tapestry('watched', dispatched, (t) => {
    let result: Knot<number> = t.parameter('x', z.number());
    for (let n = 0; n < 10; n++) result = inc({ x: result }, { id: `inc-${n}` });
    return { result: inc({ x: waits({ x: result }, { id: 'waits' }) }, { id: 'last' }) };
  });
  const heard: string[] = [];
  const observer = {
    name: 'test',
    knotStarted: ({ knotId }: KnotEvent) => void heard.push(`start ${knotId}`),
    knotEnded: ({ knotId, outcome }: KnotCompletion) => void heard.push(`${outcome} ${knotId}`),
  };
  const selvage = await openSelvage({ tapestries: [watched], observers: [observer] });
  const run = await selvage.start(watched, { x: 0 });
  await until('it waits', () => calls.has(`${run.runId}/waits`));
  const { live } = await run.status();
  expect(live).toMatchObject({
    counts: { ok: 11, running: 2, waiting: 0, total: 13 },
    running: ['waits', 'last'],
    segments: 1,
  });
  expect(Object.keys(await run.outcomes())).toHaveLength(11);
  opened.open();
  expect(await run.values()).toEqual({ result: 12 });
  expect(heard).toHaveLength(24);
  expect(heard.slice(-4)).toEqual(['start waits', 'ok waits', 'start last', 'ok last']);
});

test.each([0, 2_048])(
  'values of any size cross the border of a segment (inline limit %d)',
  async (inlineLimit) => {
    const make = knot('make', ({ n }: { n: number }) => 'x'.repeat(1_500) + n);
    const bytes = knot('bytes', (): Uint8Array => new Uint8Array(5_000).fill(7));
    const lengths = knot('lengths', (inputs: Record<string, string | Uint8Array>) =>
      Object.values(inputs).reduce((sum, value) => sum + value.length, 0),
    );
    const large = tapestry('large', dispatched, () => {
      const inside: Record<string, Knot<string>> = {};
      // Together more than an activity's input or answer may carry.
      for (let n = 10; n < 90; n++) inside[`v${n}`] = make({ n }, { id: `make-${n}` });
      const raw = bytes({}, { id: 'bytes', dispatcher: queue() });
      const queued = lengths({ ...inside, raw }, { id: 'queued', dispatcher: queue() });
      const back = lengths({ ...inside, raw }, { id: 'back' });
      return { queued, back, both: lengths({ raw }, { id: 'both' }) };
    });
    const selvage = await openSelvage({ tapestries: [large], inlineLimit });
    const run = await selvage.start(large, {});
    const whole = 80 * 1_502 + 5_000;
    expect(await run.values()).toEqual({ queued: whole, back: whole, both: 5_000 });
  },
);
