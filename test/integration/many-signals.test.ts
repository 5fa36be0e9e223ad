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
const tapestries = [many, beside, patient, window, later];
const shared = selvageForAll({ tapestries });

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
    run = await selvage.start(patient, { x: 1, ms: 60_000 });
    live = await liveAfterContinuing(run);
  }
  expect(live!.waits!.map(({ knot }) => knot).sort()).toEqual(['early', 'impatient', 'slept']);
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
      60_000,
    );
    return (await begun.status()).live;
  }
}, 240_000);

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
