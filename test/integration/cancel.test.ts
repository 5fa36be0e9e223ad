import { z } from 'zod';

import { knot, local, map, queue, tapestry } from '../../src';
import type { RunHandle, Selvage } from '../../src/client';
import { historyOf } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { loseActivity } from '../support/lose-activity';
import {
  connectSelvage,
  openSelvage,
  selvageForAll,
  startWorker,
  temporaryBackends,
  unique,
} from '../support/open-selvage';
import { SwitchableBackends } from '../support/switchable-backends';
import { until } from '../support/until';
import { SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';

const CANCELLED = { kind: 'skipped', reason: 'cancelled' };
const AN_HOUR = 3_600_000;

/** Bodies that have begun and ended, by run. */
const events: { readonly run: string; readonly what: string }[] = [];
const note = (run: string, what: string): void => void events.push({ run, what });
const noted = (run: string): string[] => events.filter((event) => event.run === run).map(({ what }) => what);

const pass = knot('pass', ({ x }: { x: number }) => x);
const heeds = knot('heeds', async ({ x }: { x: number }, { signal, runId }) => {
  note(runId, 'heeds began');
  await aborted(signal).finally(() => note(runId, 'heeds heard'));
  return x;
});
/** Hears the signal, tidies up, and returns a value all the same. */
const tidies = knot('tidies', async ({ x }: { x: number }, { signal, runId }) => {
  note(runId, 'tidies began');
  await aborted(signal).catch(() => note(runId, 'tidies heard'));
  return x + 1;
});
const finishers = new Map<string, Latch>();
const ignores = knot('ignores', async ({ x }: { x: number }, { runId }) => {
  const latch = new Latch();
  finishers.set(runId, latch);
  note(runId, 'ignores began');
  await latch.passed;
  note(runId, 'ignores ended');
  return x;
});

const cancellable = tapestry('cancellable', (t) => {
  const x = t.parameter('x', z.number());
  const done = pass({ x }, { id: 'done' });
  const heeding = heeds({ x }, { id: 'heeding' });
  const tidying = tidies({ x }, { id: 'tidying' });
  const ignoring = ignores({ x }, { id: 'ignoring', cancelGrace: 100 });
  return { done, below: pass({ x: heeding }, { id: 'below' }), tidying, ignoring };
});
const waiting = tapestry('waiting', (t) => ({
  heeding: heeds({ x: t.parameter('x', z.number()) }, { id: 'heeding' }),
}));

const chain = tapestry('chain', (t) => {
  const first = pass({ x: t.parameter('x', z.number()) }, { id: 'first' });
  return { last: pass({ x: first }, { id: 'last' }) };
});
let failures = 0;
const fails = knot('fails', (): number => {
  failures += 1;
  throw new Error('not yet');
});
const retried = tapestry('retried', () => {
  const retry = { maximumAttempts: 2, initialInterval: AN_HOUR, maximumInterval: AN_HOUR };
  return { below: pass({ x: fails({}, { id: 'failing', retry }) }, { id: 'below' }) };
});
const inSegment = tapestry('in-segment', { knots: { dispatcher: local() } }, (t) => {
  const done = pass({ x: t.parameter('x', z.number()) }, { id: 'done' });
  const ignoring = ignores({ x: done }, { id: 'ignoring', cancelGrace: 100 });
  return { below: pass({ x: ignoring }, { id: 'below' }) };
});
const shared = selvageForAll({ tapestries: [cancellable, waiting, chain, retried, inSegment] });

/** Commits of a worker go out in order: when this one is on record, an earlier one would be, too. */
async function anotherRun(selvage: Selvage): Promise<void> {
  await (await selvage.start(chain, { x: 1 })).values();
}

async function statusOnServer(selvage: Selvage, run: RunHandle<object>): Promise<string> {
  return (await selvage.client.workflow.getHandle(run.runId).describe()).status.name;
}

async function waitsFor(run: RunHandle<object>, knot: string, code: string): Promise<void> {
  await until(`${knot} waits and says ${code}`, async () => {
    const waiting = (await run.status().catch(() => undefined))?.waiting;
    return waiting?.knots.some(({ knotId, reason }) => knotId === knot && reason.code === code);
  });
}

/** Every knot has its record, whatever the moment of the cancel. */
function expectAllOnRecord(result: { readonly outcomes: object }, knots: readonly string[]): void {
  expect(Object.keys(result.outcomes).sort()).toEqual([...knots].sort());
}

test('cancelling tells running bodies, skips the rest, and puts everything on record', async () => {
  const selvage = shared();
  const run = await selvage.start(cancellable, { x: 3 });
  await until('all bodies have begun', () => noted(run.runId).length === 3);
  await until('done is done', async () => (await run.outcomes())['done']);
  await run.cancel();
  const result = await run.result();
  expect(result).toMatchObject({
    status: 'cancelled',
    succeeded: false,
    outputs: { 'param:x': 3, done: 3, tidying: 4 },
    outcomes: {
      done: { kind: 'ok' },
      heeding: CANCELLED,
      below: CANCELLED,
      // It ended within its grace with a value, which is as good as any.
      tidying: { kind: 'ok', value: 4 },
      ignoring: CANCELLED,
    },
  });
  expect(noted(run.runId)).toEqual(expect.arrayContaining(['heeds heard', 'tidies heard']));
  expect(await statusOnServer(selvage, run)).toBe('CANCELLED');
  await expect(run.values()).rejects.toMatchObject({ code: 'RunFailed', details: { status: 'cancelled' } });

  // The body that ignored its signal ends at last, and nothing of it counts.
  expect(noted(run.runId)).not.toContain('ignores ended');
  const before = await run.lineage();
  finishers.get(run.runId)!.open();
  await until('the late body has ended', () => noted(run.runId).includes('ignores ended'));
  await anotherRun(selvage);
  expect(await run.lineage()).toEqual(before);
  expect(before.map(({ knot_id }) => knot_id).sort()).toEqual(
    ['below', 'done', 'heeding', 'ignoring', 'param:x', 'tidying'].sort(),
  );
  // Cancelling a run that is over does nothing.
  await run.cancel();
  expect((await run.status()).run.status).toBe('cancelled');
});

test('a terminated run is on record as terminated, and its bodies hear of it', async () => {
  const selvage = shared();
  const run = await selvage.start(waiting, { x: 1 });
  await until('the body has begun', () => noted(run.runId).includes('heeds began'));
  await run.terminate('enough');
  const result = await run.result();
  expect(result).toMatchObject({
    status: 'terminated',
    error: { type: 'RunTerminated' },
    outcomes: { 'param:x': { kind: 'ok' } },
  });
  expect(result.outcomes).not.toHaveProperty('heeding');
  await until('the body has heard of it', () => noted(run.runId).includes('heeds heard'));
  await anotherRun(selvage);
  expect(await run.lineage({ knotId: 'heeding' })).toEqual([]);
});

test('a run that was terminated behind our back is found out by whoever looks', async () => {
  const selvage = shared();
  const run = await selvage.start(waiting, { x: 2 });
  await until('the body has begun', () => noted(run.runId).includes('heeds began'));
  await selvage.client.workflow.getHandle(run.runId).terminate();
  const { items } = await selvage.runs.list({ tapestry: 'waiting' });
  expect(items.find(({ run_id }) => run_id === run.runId)).toMatchObject({
    status: 'terminated',
    finished_at: expect.any(Number),
  });
  expect((await run.status()).run.status).toBe('terminated');
});

test('a run that was terminated behind our back before its first step is over for whoever cancels or terminates it', async () => {
  const client = await connectSelvage();
  const run = await client.start(chain, { x: 1 });
  await client.client.workflow.getHandle(run.runId).terminate();
  await run.cancel();
  await run.terminate();
  expect((await run.status()).run).toMatchObject({ status: 'terminated', details: { begun: false } });
  const nobody = client.getRun(unique('nobody'));
  await expect(nobody.terminate()).rejects.toMatchObject({ code: 'UnknownRun' });
});

test('a cancel before the first step lets nothing begin', async () => {
  const client = await connectSelvage();
  const run = await client.start(chain, { x: 1 });
  await run.cancel();
  await startWorker(client, { tapestries: [chain] });
  const result = await run.result();
  expect(result).toMatchObject({ status: 'cancelled', outcomes: { first: CANCELLED, last: CANCELLED } });
  expectAllOnRecord(result, ['param:x', 'first', 'last']);
});

test('a cancel while a knot waits for its retry does not wait for that', async () => {
  const run = await shared().start(retried, {});
  await waitsFor(run, 'failing', 'BodyThrew');
  await run.cancel();
  const result = await run.result();
  expect(result).toMatchObject({ status: 'cancelled', outcomes: { failing: CANCELLED, below: CANCELLED } });
  expectAllOnRecord(result, ['failing', 'below']);
  expect(failures).toBe(1);
});

test('a cancel while a knot waits for its body does not wait for a deploy', async () => {
  const gone = knot('gone', ({ x }: { x: number }) => x);
  const missing = tapestry('chain', (t) => {
    const there = pass({ x: t.parameter('x', z.number()) }, { id: 'there' });
    return { missing: gone({ x: there }, { id: 'missing' }) };
  });
  const client = await connectSelvage();
  await startWorker(client, { tapestries: [chain] });
  const run = await client.start(missing, { x: 1 });
  await waitsFor(run, 'missing', 'BodyMissing');
  await run.cancel();
  const result = await run.result();
  expect(result).toMatchObject({
    status: 'cancelled',
    outcomes: { there: { kind: 'ok', value: 1 }, missing: CANCELLED },
  });
  expectAllOnRecord(result, ['param:x', 'there', 'missing']);
});

test('a cancel leaves a body of a segment behind that ignores its signal past its grace', async () => {
  const run = await shared().start(inSegment, { x: 1 });
  await until('the body has begun', () => noted(run.runId).includes('ignores began'));
  await run.cancel();
  expect(await run.result()).toMatchObject({
    status: 'cancelled',
    outcomes: { done: { kind: 'ok', value: 1 }, ignoring: CANCELLED, below: CANCELLED },
  });
  const before = await run.lineage();
  finishers.get(run.runId)!.open();
  await until('the late body has ended', () => noted(run.runId).includes('ignores ended'));
  await anotherRun(shared());
  expect(await run.lineage()).toEqual(before);
});

test('a cancel during settle comes too late: the run ends as what it came to', async () => {
  const line = new SwitchableBackends(await temporaryBackends());
  const maySettle = new Latch();
  line.inflict({ only: ['runHistory.endRun'], times: 1, until: maySettle.passed });
  const selvage = await openSelvage({ tapestries: [chain], backends: line.backends });
  const run = await selvage.start(chain, { x: 1 });
  await until('it settles', () => line.hit.length === 1);
  await run.cancel();
  maySettle.open();
  expect(await run.result()).toMatchObject({ status: 'succeeded', values: { last: 1 } });
  const { status } = await selvage.client.workflow.getHandle(run.runId).describe();
  expect(status.name).toBe('COMPLETED');
});

test('a commit that comes after the run has given the knot up loses, and adopts that it was cancelled', async () => {
  const line = new SwitchableBackends(await temporaryBackends());
  const commitMayGoOn = new Latch();
  const slowToCommit = knot('heeds', async ({ x }: { x: number }, { signal }) => {
    await aborted(signal).catch(() => {});
    line.inflict({ only: ['backends.commit'], times: 1, until: commitMayGoOn.passed });
    return x;
  });
  const late = tapestry('late', (t) => ({
    late: slowToCommit({ x: t.parameter('x', z.number()) }, { id: 'late', cancelGrace: 0 }),
  }));
  const selvage = await openSelvage({ tapestries: [late], backends: line.backends });
  const run = await selvage.start(late, { x: 1 });
  await until('the body runs', async () =>
    (await run.status().catch(() => undefined))?.live?.running.includes('late'),
  );
  await run.cancel();
  const result = await run.result();
  expect(line.hit).toEqual(['backends.commit']);
  expect(result).toMatchObject({
    status: 'cancelled',
    outcomes: { late: CANCELLED },
  });
  const before = await run.lineage();
  commitMayGoOn.open();
  // Closing waits for what the worker still has in hand.
  await selvage.close();
  expect(await line.backends.runHistory.getRecords(before[0]!.temporal_run_id)).toHaveLength(before.length);
  const { items } = await line.backends.runHistory.findLineage({ runId: run.runId });
  expect(new Set(items)).toEqual(new Set(before));
});

test('a knot whose worker is lost in a cancel is cancelled, also where the body had begun', async () => {
  const losing = unique('losing');
  const lost = tapestry('lost', () => ({
    // Longer than the server waits for a sign of life.
    end: pass({ x: 1 }, { id: 'lost', dispatcher: queue(losing), cancelGrace: 60_000 }),
  }));
  const selvage = await openSelvage({
    tapestries: [lost],
    runLimits: SHORT_HEARTBEAT_TIMEOUT,
  });
  const run = await selvage.start(lost, {});
  await loseActivity(selvage.client, losing);
  await run.cancel();
  const { status, outcomes } = await run.result();
  expect({ status, outcomes }).toEqual({
    status: 'cancelled',
    outcomes: { lost: expect.objectContaining(CANCELLED) },
  });
});

const parity = knot('parity', ({ x }: { x: number }) => x % 2);
const inc = knot('inc', { version: '1', cache: true }, ({ x }: { x: number }) => x + 1);

/** Below `parity`, a look-up finds `b` and `c`; `end` is not reused. */
const work = tapestry('looked-up', (t) => {
  const a = parity({ x: t.parameter('x', z.number()) }, { id: 'a' });
  const b = inc({ x: a }, { id: 'b' });
  const c = inc({ x: b }, { id: 'c' });
  return { end: pass({ x: c }, { id: 'end' }) };
});

/** The workflow hears of a cancel while a local activity runs when its task is prolonged. */
async function untilCancelIsHeard(selvage: Selvage, runId: string): Promise<void> {
  await until('the workflow has a task after the cancel', async () => {
    const events = await historyOf(selvage, runId);
    const cancel = events.findIndex((event) => event.workflowExecutionCancelRequestedEventAttributes);
    return cancel >= 0 && events.slice(cancel).some((event) => event.workflowTaskStartedEventAttributes);
  });
}

test('a cancel in the middle of a look-up: what was found counts as Ok, as its records say', async () => {
  const switchable = new SwitchableBackends(await temporaryBackends());
  const selvage = await openSelvage({ tapestries: [work], backends: switchable.backends });
  expect(await (await selvage.start(work, { x: 1 })).values()).toEqual({ end: 3 });

  const lookUp = new Latch();
  const run = await selvage.start(work, { x: 3 });
  switchable.inflict({ only: ['runHistory.findCached'], until: lookUp.passed });
  await until('it looks b and c up', () => Promise.resolve(switchable.hit.length > 0));
  await run.cancel();
  await untilCancelIsHeard(selvage, run.runId);
  lookUp.open();
  switchable.mend();
  const result = await run.result();
  expect(result).toMatchObject({
    status: 'cancelled',
    outcomes: { b: { kind: 'ok', value: 2 }, c: { kind: 'ok', value: 3 }, end: { kind: 'skipped' } },
  });
  const items = await run.lineage();
  const onRecord = { ok: 0, err: 0, skipped: 0 };
  for (const { outcome } of items) onRecord[outcome] += 1;
  expect(onRecord).toEqual({ ok: 4, err: 0, skipped: 1 });
  expect((await run.status()).run.details).toMatchObject({ counts: onRecord });
});

test('a body of a segment does not begin after a cancel that came while it was looked up, nor does one of an element', async () => {
  const stopping = new Latch();
  let ran = 0;
  const patient = knot('patient', async (_: object, { signal }) => {
    await aborted(signal).catch(() => stopping.open());
    return 1;
  });
  const counted = knot('counted', { version: '1', cache: true }, ({ x }: { x: number }) => {
    ran += 1;
    return x;
  });
  const both = knot('both', ({ x }: { x: number }) => [x, x + 1]);
  const segment = tapestry('looked-up-in-a-segment', { knots: { dispatcher: local() } }, (t) => {
    const x = t.parameter('x', z.number());
    patient({}, { id: 'patient' });
    counted({ x: parity({ x }, { id: 'a' }) }, { id: 'k' });
    map({ over: both({ x }, { id: 'list' }), each: counted, bind: 'x' }, { id: 'm' });
  });
  const switchable = new SwitchableBackends(await temporaryBackends());
  const selvage = await openSelvage({ tapestries: [segment], backends: switchable.backends });
  const lookUp = new Latch();
  switchable.inflict({ only: ['runHistory.findCached'], until: lookUp.passed });
  const run = await selvage.start(segment, { x: 3 });
  await until('the segment looks them up', () => Promise.resolve(switchable.hit.length > 0));
  await run.cancel();
  await stopping.passed;
  lookUp.open();
  expect(await run.result()).toMatchObject({
    status: 'cancelled',
    outcomes: { patient: { kind: 'ok' }, k: CANCELLED, m: CANCELLED },
  });
  expect(ran).toBe(0);
});
