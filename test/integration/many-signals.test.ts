import { z } from 'zod';

import { knot, sleep, tapestry, waitForSignal, type Knot } from '../../src';
import type { RunHandle, RunState } from '../../src/client';
import { executionsOf, historyOf } from '../support/history';
import { openSelvage, selvageForAll } from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { refusal } from '../support/refusal';
import { LOW_HISTORY_BUDGET } from '../support/run-limits';
import { until } from '../support/until';

const join = knot('join', (all: Record<string, unknown>) => Object.values(all).join());
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
/** @param timeout milliseconds that one of the waits takes at most */
const waitsBeside = (name: string, timeout: number) =>
  tapestry(name, (t) => {
    const x = t.parameter('x', z.number());
    const early = waitForSignal('early', z.string(), { id: 'early' });
    const slept = sleep({ ms: t.parameter('ms', z.number()), input: x }, { id: 'slept' });
    const impatient = waitForSignal('never', z.string(), { id: 'impatient', timeout });
    const late = waitForSignal('late', z.string(), { id: 'late', after: [early] });
    const ends = Array.from({ length: FAN }, (_, n) => [`k${n}`, join({ x }, { id: `k${n}` })] as const);
    const all = join(Object.fromEntries(ends), { id: 'all' });
    join({ impatient }, { id: 'below' });
    return { line: join({ early, late, slept }, { id: 'line' }), all };
  });
const beside = waitsBeside('waits-beside', 12_000);
const patient = waitsBeside('waits-patient', 60_000);
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
const SIDE_BY_SIDE = 200;
const sideBySide = tapestry('waits-side-by-side', () => {
  const all = Array.from(
    { length: SIDE_BY_SIDE },
    (_, n) => [`w${n}`, waitForSignal('n', z.number(), { id: `w${n}` })] as const,
  );
  return { line: join(Object.fromEntries(all), { id: 'line' }) };
});
const tapestries = [many, beside, patient, window, later, sideBySide];
const shared = selvageForAll({ tapestries });

test('sixty signals at once', async () => {
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

test('signals in order, over executions that many signals make short; one that is sent again is answered as it was, also when the run is over', async () => {
  const selvage = await openSelvage({ tapestries, runLimits: LOW_HISTORY_BUDGET });
  const run = await selvage.start(many, {});
  const send = async (n: number) => await run.signal('n', n, { id: `signal-${n}` });
  const describe = async () => await selvage.client.workflow.getHandle(run.runId).describe();
  const { runId: firstRunId } = await describe();
  const answers = [];
  for (let n = 0; n < WAITS; n++) {
    answers.push(await send(n));
    // Signals that outran the waits would all be for the first execution.
    if (n === WAITS / 2)
      await until('the run has continued as new', async () => (await describe()).runId !== firstRunId);
    // Its answer is known to this execution, or to one before.
    const again = Math.floor(n / 2);
    expect(await send(again)).toEqual(answers[again]);
  }
  expect((await run.values()).line).toBe(Array.from({ length: WAITS }, (_, n) => n).join());
  const { run: record } = await run.status();
  expect((await executionsOf(selvage, run.runId, record.temporal_run_id)).length).toBeGreaterThan(2);
  for (const n of [0, WAITS / 2, WAITS - 1]) expect(await send(n)).toEqual(answers[n]);
  expect(await rejectionOf(run.signal('n', 5, { id: 'another' }))).toMatchObject({ code: 'RunOver' });
});

test('signals that come without a pause each end another wait, while the run goes on with a new history between them', async () => {
  const selvage = await openSelvage({ tapestries, runLimits: LOW_HISTORY_BUDGET });
  const run = await selvage.start(sideBySide, {});
  const sent = Array.from({ length: SIDE_BY_SIDE }, (_, n) => n);
  const receipts = await Promise.all(sent.map((n) => run.signal('n', n)));
  const takers = receipts.map(({ takenBy }) => takenBy);
  const { line } = await run.values();
  const values = line.split(',').map(Number);
  expect([...values].sort((one, other) => one - other)).toEqual(sent);
  const { outcomes } = await run.result();
  for (const n of sent) {
    // One that was kept tells nobody of the wait that it ended.
    const taker = takers[n];
    if (taker !== undefined) expect(outcomes[taker]).toMatchObject({ kind: 'ok', value: n });
  }
  const { temporal_run_id } = (await run.status()).run;
  expect((await executionsOf(selvage, run.runId, temporal_run_id)).length).toBeGreaterThan(2);
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
  const { details } = (await run.status()).run;
  expect(details).toMatchObject({ signals: { unread: { n: LOW_HISTORY_BUDGET.keptSignals - 1 } } });
});

test('a run goes on with a new history while knots of it wait, and forgets no signal and no time', async () => {
  const selvage = await openSelvage({ tapestries, runLimits: LOW_HISTORY_BUDGET });
  let run = await selvage.start(beside, { x: 1, ms: 12_000 });
  let live = await liveAfterContinuing(run);
  if ((live?.waits ?? []).length < 3) {
    // A slow machine took longer than that to continue.
    await run.cancel();
    run = await selvage.start(patient, { x: 1, ms: 60_000 });
    live = await liveAfterContinuing(run);
  }
  expect(live!.waits!.map(({ knotId }) => knotId).sort()).toEqual(['early', 'impatient', 'slept']);
  expect(live!.signals).toEqual({ unread: { late: 1 }, payloads: [expect.stringMatching(/^sha256:/)] });
  await run.signal('early', 'early');
  const { outcomes, values } = await run.result({ outputs: 'terminals' });
  expect(values.line).toBe('early,late,1');
  expect(outcomes['impatient']).toMatchObject({ kind: 'err', error: { type: 'SignalTimeout' } });
  const records = await run.lineage();
  expect(new Set(records.map(({ knot_id: id }) => id)).size).toBe(records.length);

  async function liveAfterContinuing(begun: typeof run): Promise<RunState['live']> {
    await begun.signal('late', 'late');
    await until(
      'the run has continued as new',
      async () =>
        (await selvage.client.workflow.getHandle(begun.runId).describe()).runId !== (await firstRunOf(begun)),
    );
    return (await begun.status()).live;
  }
});

async function firstRunOf(run: Pick<RunHandle, 'lineage'>): Promise<string | undefined> {
  return (await run.lineage())[0]?.temporal_run_id;
}

test('700 sleeps that are over at once are concluded with no more activities pending than the window has', async () => {
  const selvage = shared();
  const run = await selvage.start(window, {});
  await run.signal('go', null);
  expect((await run.values()).line).toBe(','.repeat(699));
  const timers = (await historyOf(selvage, run.runId)).filter((event) => event.timerStartedEventAttributes);
  expect(timers.length).toBeLessThan(10);
});
