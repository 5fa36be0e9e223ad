import { z } from 'zod';

import { knot, sleep, tapestry, waitForSignal, waitUntil, type Knot } from '../../src';
import type { RunHandle, RunState, Selvage } from '../../src/client';
import { executionsOf, historyOf, textOf } from '../support/history';
import { Latch } from '../support/latch';
import { connectSelvage, openSelvage, selvageForAll, startWorker, unique } from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { until } from '../support/until';
import { LOW_HISTORY_BUDGET } from '../support/run-limits';
import { refusal } from '../support/refusal';

const note = z.object({ n: z.number(), text: z.string() });
const join = knot('join', (all: Record<string, unknown>) => Object.values(all).join());
const lengthOf = knot('length-of', ({ note }: { note: { text: string } }) => note.text.length);

const single = tapestry('single-wait', () => {
  const taken = waitForSignal('note', note, { id: 'note' });
  return { length: lengthOf({ note: taken }, { id: 'length' }) };
});
const WAITS = 60;
/** So that their order is that of the numbers. */
const inputName = (index: number): string => `k${String(index).padStart(2, '0')}`;
/** Each waits for the one before. */
const many = tapestry('many-waits', () => {
  const all: Record<string, Knot<number>> = {};
  for (let index = 0; index < WAITS; index++) {
    const before = all[inputName(index - 1)];
    all[inputName(index)] = waitForSignal('n', z.number(), {
      id: `n${index}`,
      ...(before && { after: [before] }),
    });
  }
  return { line: join(all, { id: 'line' }) };
});
const FAN = 600;
/** Beside a wait and a sleep, more knots than an execution of a low budget has. */
const beside = tapestry('waits-beside', (t) => {
  const x = t.parameter('x', z.number());
  const early = waitForSignal('early', z.string(), { id: 'early' });
  const slept = sleep({ ms: t.parameter('ms', z.number()), input: x }, { id: 'slept' });
  const impatient = waitForSignal('never', z.string(), { id: 'impatient', timeout: 12_000 });
  const late = waitForSignal('late', z.string(), { id: 'late', after: [early] });
  const ends = Array.from({ length: FAN }, (_, n) => [`k${n}`, join({ x }, { id: `k${n}` })] as const);
  const all = join(Object.fromEntries(ends), { id: 'all' });
  join({ impatient }, { id: 'below' });
  return { line: join({ early, late, slept }, { id: 'line' }), all };
});
const window = tapestry('wide-wait', () => {
  const go = waitForSignal('go', z.any(), { id: 'go' });
  const waits = Array.from(
    { length: 700 },
    (_, n) => [`w${n}`, sleep({ ms: 300, after: [go] }, { id: `w${n}` })] as const,
  );
  return { line: join(Object.fromEntries(waits), { id: 'line' }) };
});
/** What waits for `n` does so late. */
const later = tapestry('later-wait', () => {
  const go = waitForSignal('go', z.any(), { id: 'go' });
  return { n: waitForSignal('n', z.number(), { id: 'n', after: [go] }) };
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
const tapestries = [single, many, beside, window, later, approved, several, times, two];
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
  expect(record).toMatchObject({ knot_class: 'selvage.waitForSignal', outcome: 'ok', attempt: 1 });
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
  const state = await until('all were refused', async () => {
    const { live } = await run.status();
    return live?.signals?.refused?.total === 3 ? live : undefined;
  });
  // A name that there is not is refused without a look at the payload.
  const refused = [...state.signals!.refused!.last].sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(refused).toEqual([
    { name: 'note', type: 'InvalidSignal', message: expect.stringContaining('n: ') },
    { name: 'note', type: 'InvalidSignal', message: expect.any(String) },
    { name: 'nothing', type: 'UnknownSignal', message: expect.stringContaining('"note"') },
  ]);
  expect(state.waits).toEqual([{ knot: 'note', signal: 'note' }]);
  await raw(selvage, run, 'note', { n: 1, text: 'yes' });
  expect(await run.values()).toEqual({ length: 3 });
  expect((await run.status()).run.environment).toMatchObject({ signals: { refused: { total: 3 } } });
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

test('sixty signals at once, of which the server takes ten at a time', async () => {
  const selvage = shared();
  const run = await selvage.start(many, {});
  await Promise.all(Array.from({ length: WAITS }, (_, n) => run.signal('n', n)));
  const { line } = await run.values();
  expect(
    line
      .split(',')
      .map(Number)
      .sort((a, b) => a - b),
  ).toEqual(Array.from({ length: WAITS }, (_, n) => n));
});

test('signals in order, over executions that many signals make short', async () => {
  const selvage = await openSelvage({ tapestries, runLimits: LOW_HISTORY_BUDGET });
  const run = await selvage.start(many, {});
  for (let n = 0; n < WAITS; n++) await run.signal('n', n);
  expect((await run.values()).line).toBe(Array.from({ length: WAITS }, (_, n) => n).join());
  const { run: record } = await run.status();
  expect((await executionsOf(selvage, run.runId, record.temporal_run_id)).length).toBeGreaterThan(2);
});

test('a run keeps so many signals for later and no more, and says so', async () => {
  const selvage = await openSelvage({ tapestries, runLimits: LOW_HISTORY_BUDGET });
  const run = await selvage.start(later, {});
  for (let n = 0; n < LOW_HISTORY_BUDGET.keptSignals; n++) await run.signal('n', n);
  expect(await rejectionOf(run.signal('n', LOW_HISTORY_BUDGET.keptSignals))).toMatchObject(
    refusal('TooManySignals', /keeps 70 signals .* "n" .* Send it again later/),
  );
  await run.signal('go', null);
  expect(await run.values()).toEqual({ n: 0 });
  const { environment } = (await run.status()).run;
  expect(environment).toMatchObject({ signals: { unread: { n: LOW_HISTORY_BUDGET.keptSignals - 1 } } });
});

test('a run goes on with a new history while knots of it wait, and forgets no signal and no time', async () => {
  const selvage = await openSelvage({ tapestries, runLimits: LOW_HISTORY_BUDGET });
  let run = await selvage.start(beside, { x: 1, ms: 12_000 });
  let live = await liveAfterContinuing(run);
  if ((live?.waits ?? []).length < 3) {
    // A slow machine took longer than that to continue.
    await run.cancel();
    run = await selvage.start(beside, { x: 1, ms: 90_000 });
    live = await liveAfterContinuing(run);
  }
  expect(live!.waits!.map(({ knot }) => knot).sort()).toEqual(['early', 'impatient', 'slept']);
  expect(live!.signals).toEqual({ unread: { late: 1 }, payloads: [expect.stringMatching(/^sha256:/)] });
  await run.signal('early', 'early');
  const { outcomes, values } = await run.result({ outputs: 'terminals' });
  expect(values.line).toBe('early,late,1');
  expect(outcomes['impatient']).toMatchObject({ kind: 'err', error: { type: 'SignalTimeout' } });
  const records = await run.records();
  expect(new Set(records.map(({ knot_id: id }) => id)).size).toBe(records.length);

  async function liveAfterContinuing(begun: typeof run): Promise<RunState['live']> {
    await begun.signal('late', 'late');
    await until(
      'the run has continued as new',
      async () =>
        (await selvage.client.workflow.getHandle(begun.runId).describe()).runId !== (await firstRunOf(begun)),
      60_000,
    );
    return (await begun.status()).live;
  }
}, 240_000);

async function firstRunOf(run: Pick<RunHandle, 'records'>): Promise<string | undefined> {
  return (await run.records())[0]?.temporal_run_id;
}

test('700 sleeps that are over at once are concluded with no more activities pending than the window has', async () => {
  const selvage = shared();
  const run = await selvage.start(window, {});
  await run.signal('go', null);
  expect((await run.values()).line).toBe(','.repeat(699));
  const timers = (await historyOf(selvage, run.runId)).filter((event) => event.timerStartedEventAttributes);
  expect(timers.length).toBeLessThan(10);
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

test('a signal that no knot takes is on record when the run ends', async () => {
  const selvage = shared();
  const run = await selvage.start(two, {});
  expect(await run.signal('a', 1)).toEqual({ takenBy: 'first' });
  expect(await run.signal('a', 2)).toEqual({});
  mayFail.open();
  const { outcomes } = await run.result();
  expect(outcomes['second']).toMatchObject({ kind: 'skipped' });
  expect((await run.status()).run.environment).toMatchObject({ signals: { unread: { a: 1 } } });
});
