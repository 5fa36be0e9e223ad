import { z } from 'zod';

import { knot, sleep, tapestry, waitForSignal, type Knot } from '../../src';
import type { RunHandle, RunState, Selvage } from '../../src/client';
import { executionsOf, historyOf, textOf } from '../support/history';
import { Latch } from '../support/latch';
import { closeAll, openSelvage, startWorker, connectSelvage, unique } from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { until } from '../support/until';
import { LOW_HISTORY_BUDGET } from '../support/run-limits';

afterEach(closeAll);

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
const tapestries = [single, many, beside, window, later];

const raw = (selvage: Selvage, { runId }: RunHandle, name: string, ...args: unknown[]) =>
  selvage.client.workflow.getHandle(runId).signal(name, ...args);

test("Temporal's own signals get the same check; a wrong one is ignored, and said", async () => {
  const selvage = await openSelvage({ tapestries });
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
  const selvage = await openSelvage({ tapestries });
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
  const selvage = await openSelvage({ tapestries });
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
  expect(await rejectionOf(run.signal('n', LOW_HISTORY_BUDGET.keptSignals))).toMatchObject({
    code: 'TooManySignals',
    message: expect.stringMatching(/keeps 70 signals .* "n" .* Send it again later/),
  });
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
  const selvage = await openSelvage({ tapestries });
  const run = await selvage.start(window, {});
  await run.signal('go', null);
  expect((await run.values()).line).toBe(','.repeat(699));
  const timers = (await historyOf(selvage, run.runId)).filter((event) => event.timerStartedEventAttributes);
  expect(timers.length).toBeLessThan(10);
});

test('a signal to a run that no worker works for', async () => {
  const selvage = await connectSelvage();
  const run = await selvage.start(single, {}, { runId: unique('lonely') });
  expect(await rejectionOf(run.signal('note', { n: 1, text: 'a' }, { timeout: 1_500 }))).toMatchObject({
    code: 'NoWorker',
    message: expect.stringContaining('1500 ms'),
  });
  await startWorker(selvage, { tapestries });
  // The server may have kept the first one for the worker.
  await run.signal('note', { n: 2, text: 'ab' }).catch(() => undefined);
  expect([1, 2]).toContain((await run.values()).length);
});

test('a signal that no knot takes is on record when the run ends', async () => {
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
  const selvage = await openSelvage({ tapestries: [two] });
  const run = await selvage.start(two, {});
  expect(await run.signal('a', 1)).toEqual({ takenBy: 'first' });
  expect(await run.signal('a', 2)).toEqual({});
  mayFail.open();
  const { outcomes } = await run.result();
  expect(outcomes['second']).toMatchObject({ kind: 'skipped' });
  expect((await run.status()).run.environment).toMatchObject({ signals: { unread: { a: 1 } } });
});
