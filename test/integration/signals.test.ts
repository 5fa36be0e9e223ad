import { z } from 'zod';

import { knot, sleep, tapestry, waitForSignal, waitUntil } from '../../src';
import type { RunHandle, Selvage } from '../../src/client';
import { historyOf, textOf } from '../support/history';
import { Latch } from '../support/latch';
import { connectSelvage, selvageForAll, startWorker, unique } from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { until } from '../support/until';
import { refusal } from '../support/refusal';

const note = z.object({ n: z.number(), text: z.string() });
const join = knot('join', (all: Record<string, unknown>) => Object.values(all).join());
const lengthOf = knot('length-of', ({ note }: { note: { text: string } }) => note.text.length);

const single = tapestry('single-wait', () => {
  const taken = waitForSignal('note', note, { id: 'note' });
  return { length: lengthOf({ note: taken }, { id: 'length' }) };
});
const report = knot('report', ({ x }: { x: number }) => `report ${x}`);
const publish = knot(
  'publish',
  ({ text, by }: { text: string; by: { name: string } }) => `${text} by ${by.name}`,
);

const approved = tapestry('approved', (t) => {
  const text = report({ x: t.parameter('x', z.number()) }, { id: 'report' });
  const by = waitForSignal('approve', z.object({ name: z.string().trim() }), {
    id: 'approval',
    after: [text],
  });
  return { line: publish({ text, by }, { id: 'line' }) };
});
const several = tapestry('several', () => {
  const first = waitForSignal('n', z.number(), { id: 'first' });
  const second = waitForSignal('n', z.number(), { id: 'second', after: [first] });
  const text = waitForSignal('n', z.string(), { id: 'text', after: [second] });
  const last = waitForSignal('end', z.any(), { id: 'last' });
  return { line: join({ first, second, text, last }, { id: 'line' }) };
});
/** Two in a row, of which the second is over at once, and what they passed on. */
const times = tapestry('times', (t) => {
  const text = report({ x: 1 }, { id: 'text' });
  const slept = sleep({ ms: 300, input: text }, { id: 'slept' });
  const due = waitUntil({ time: t.parameter('time', z.date()), input: slept }, { id: 'due' });
  return { past: waitUntil({ time: new Date(0), input: due }, { id: 'past' }) };
});
const mayFail = new Latch();
const fail = knot('fail', async () => {
  await mayFail.passed;
  throw new Error('no luck');
});
const two = tapestry('two-waits', () => {
  const first = waitForSignal('a', z.number(), { id: 'first' });
  const gone = fail({}, { id: 'gone' });
  const second = waitForSignal('a', z.number(), { id: 'second', after: [gone] });
  return { line: join({ first }, { id: 'line' }), second };
});
/** The check of 1 has begun, and may end. */
const checkOfOne = { begun: new Latch(), mayEnd: new Latch() };
const checked = z.number().refine(async (n) => {
  if (n === 1) {
    checkOfOne.begun.open();
    await checkOfOne.mayEnd.passed;
  }
  return true;
});
const ordered = tapestry('ordered', () => {
  const first = waitForSignal('n', checked, { id: 'first' });
  const second = waitForSignal('n', checked, { id: 'second', after: [first] });
  return { line: join({ first, second }, { id: 'line' }) };
});
const tapestries = [single, approved, several, times, two, ordered];
const shared = selvageForAll({ tapestries });

const raw = (selvage: Selvage, { runId }: RunHandle, name: string, ...args: unknown[]) =>
  selvage.client.workflow.getHandle(runId).signal(name, ...args);

test('a wrong signal rejects its sender and the wait goes on; a right one ends it', async () => {
  const selvage = shared();
  const run = await selvage.start(approved, { x: 1 });
  expect(await rejectionOf(run.signal('approve', { name: 5 }))).toMatchObject(
    refusal('InvalidSignal', /approval.*name: /),
  );
  expect(await rejectionOf(run.signal('aprove', {}))).toMatchObject(refusal('UnknownSignal', '"approve"'));
  await until('the wait has begun', async () => (await run.status()).live?.waits?.length === 1);
  expect(await run.signal('approve', { name: ' ada ' })).toEqual({ takenBy: 'approval' });
  expect(await run.values()).toEqual({ line: 'report 1 by ada' });
  const [record] = await selvage.backends.runHistory.getRecords((await run.status()).run.temporal_run_id, [
    'approval',
  ]);
  expect(record).toMatchObject({ definition: 'selvage.waitForSignal', outcome: 'ok', attempt: 1 });
  expect(await rejectionOf(run.signal('approve', { name: 'late' }))).toMatchObject({ code: 'RunOver' });
  expect(await rejectionOf(selvage.getRun(unique('none')).signal('approve', {}))).toMatchObject({
    code: 'UnknownRun',
  });
});

test('early and repeated signals are kept in order, each wait takes one that fits it, and what is left is on record', async () => {
  const selvage = shared();
  const run = await selvage.start(several, {});
  await run.signal('n', 1);
  await run.signal('n', 'text');
  await run.signal('n', 2);
  expect(await rejectionOf(run.signal('n', 3))).toMatchObject({ code: 'SignalTooLate' });
  await run.signal('end', true);
  expect(await run.values()).toEqual({ line: '1,true,2,text' });
});

test('what comes under one id is one signal: taken once, and looked at anew where it was refused', async () => {
  const selvage = shared();
  const run = await selvage.start(ordered, {});
  expect(await rejectionOf(run.signal('n', 'one', { id: 'order 7' }))).toMatchObject(
    refusal('InvalidConfig', /id .*"order 7".*without spaces/),
  );
  const wrong = () => rejectionOf(run.signal('n', 'one', { id: 'order-7' }));
  expect(await wrong()).toMatchObject({ code: 'InvalidSignal' });
  expect(await wrong()).toMatchObject({ code: 'InvalidSignal' });
  // From two senders at once.
  const right = () => run.signal('n', 7, { id: 'order-7' });
  expect(await Promise.all([right(), right()])).toEqual([{ takenBy: 'first' }, { takenBy: 'first' }]);
  expect(await right()).toEqual({ takenBy: 'first' });
  expect(await run.signal('n', 700, { id: 'order-7' })).toEqual({ takenBy: 'first' });
  await run.signal('n', 8, { id: 'order-8' });
  expect(await run.values()).toEqual({ line: '7,8' });
  expect(await right()).toEqual({ takenBy: 'first' });
});

test('signals are taken in the order in which they came, however long their checks take', async () => {
  const selvage = shared();
  const run = await selvage.start(ordered, {});
  await raw(selvage, run, 'n', 1);
  await checkOfOne.begun.passed;
  await raw(selvage, run, 'n', 2);
  await until('the run has seen the second, and only the check of the first is not over', async () => {
    const events = await historyOf(selvage, run.runId);
    const second = events.findLastIndex((event) => event.workflowExecutionSignaledEventAttributes);
    const isSeen = events.slice(second).some((event) => event.workflowTaskCompletedEventAttributes);
    const { raw: described } = await selvage.client.workflow.getHandle(run.runId).describe();
    return isSeen && described.pendingActivities?.length === 1;
  });
  checkOfOne.mayEnd.open();
  expect(await run.values()).toEqual({ line: '1,2' });
});

test('a cancel ends waits at once', async () => {
  const selvage = shared();
  const run = await selvage.start(approved, { x: 1 });
  await until('the wait has begun', async () => (await run.status()).live?.waits?.length === 1);
  await run.cancel();
  const { outcomes, status } = await run.result();
  expect(status).toBe('cancelled');
  expect(outcomes['approval']).toEqual({ kind: 'skipped', reason: 'cancelled' });
});

test('sleeps and times hold, and pass their input on', async () => {
  const time = new Date(Date.now() + 1_500);
  const run = await shared().start(times, { time });
  expect(await run.values()).toEqual({ past: 'report 1' });
  expect(Date.now()).toBeGreaterThanOrEqual(time.getTime());
});

test("Temporal's own signals get the same check; a wrong one is ignored, and said", async () => {
  const selvage = shared();
  const run = await selvage.start(single, {});
  await raw(selvage, run, 'note', { n: 'one' });
  await raw(selvage, run, 'nothing', 5);
  await raw(selvage, run, 'note');
  // It would open the bytes of whichever run has made them.
  await raw(selvage, run, 'note', {
    $type: 'stored',
    value: { hash: `bytes-sha256:${'a'.repeat(64)}`, size: 1 },
  });
  const state = await until('all were refused', async () => {
    const { live } = await run.status();
    return live?.signals?.refused?.total === 4 ? live : undefined;
  });
  // A name that there is not is refused without a look at the payload.
  const refused = [...state.signals!.refused!.last].sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(refused).toEqual([
    { name: 'note', type: 'InvalidSignal', message: expect.stringContaining('n: ') },
    { name: 'note', type: 'InvalidSignal', message: expect.any(String) },
    { name: 'note', type: 'InvalidSignal', message: expect.stringContaining('refers to a value') },
    { name: 'nothing', type: 'UnknownSignal', message: expect.stringContaining('"note"') },
  ]);
  expect(state.waits).toEqual([{ knotId: 'note', signal: 'note' }]);
  await raw(selvage, run, 'note', { n: 1, text: 'yes' });
  expect(await run.values()).toEqual({ length: 3 });
  expect((await run.status()).run.details).toMatchObject({ signals: { refused: { total: 4 } } });
});

test('a large payload is never in the history of a run that is sent it, and of Temporal’s own only where it came and was checked', async () => {
  const selvage = shared();
  const text = 'x'.repeat(300_000);
  const run = await selvage.start(single, {});
  await run.signal('note', { n: 1, text });
  expect(await run.values()).toEqual({ length: text.length });
  expect(textOf(await historyOf(selvage, run.runId)).length).toBeLessThan(30_000);
  const other = await selvage.start(single, {});
  await raw(selvage, other, 'note', { n: 1, text });
  expect(await other.values()).toEqual({ length: text.length });
  expect(textOf(await historyOf(selvage, other.runId)).length).toBeLessThan(2 * text.length + 30_000);
});

test('a signal to a run that no worker works for', async () => {
  const selvage = await connectSelvage();
  const run = await selvage.start(single, {}, { runId: unique('lonely') });
  expect(await rejectionOf(run.signal('note', { n: 1, text: 'a' }, { timeout: 1_500 }))).toMatchObject(
    refusal('NoWorker', '1500 ms'),
  );
  await startWorker(selvage, { tapestries });
  // The server may have kept the first one for the worker.
  await run.signal('note', { n: 2, text: 'ab' }).catch(() => undefined);
  expect([1, 2]).toContain((await run.values()).length);
});

test('a signal that the worker there is cannot answer is not said to be without a worker', async () => {
  const selvage = await connectSelvage();
  await startWorker(selvage, { tapestries: [several] });
  const run = await selvage.start(single, {}, { runId: unique('unanswered') });
  const error = await rejectionOf(run.signal('note', { n: 1, text: 'a' }, { timeout: 1_500, id: 'mine' }));
  expect(error).toMatchObject(refusal('SignalUnanswered', /within 1500 ms.*--id mine/));
  await run.terminate();
});

test('a signal that no knot takes is on record when the run ends', async () => {
  const selvage = shared();
  const run = await selvage.start(two, {});
  expect(await run.signal('a', 1)).toEqual({ takenBy: 'first' });
  expect(await run.signal('a', 2)).toEqual({});
  mayFail.open();
  const { outcomes } = await run.result();
  expect(outcomes['second']).toMatchObject({ kind: 'skipped' });
  expect((await run.status()).run.details).toMatchObject({ signals: { unread: { a: 1 } } });
});
