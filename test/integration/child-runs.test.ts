import { z } from 'zod';

import { knot, tapestry, type Knot, type Outcome, type Tapestry } from '../../src';
import type { RunHandle, Selvage, StartOptions } from '../../src/client';
import { executionsOf, historyOf, scheduledActivities } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { closeAll, onClose, openSelvage } from '../support/open-selvage';
import { settleRunning } from '../../src/connection/settle-runs';
import { resetRun } from '../support/reset-run';
import { until } from '../support/until';
import { TIGHT_HISTORY_BUDGET } from '../support/run-limits';

const HOURS = 3_600_000;
/** Of 11 knots each: as few as make the plan one with child runs, and the history of a run one that must be continued. */
const GROUPS = 6;
const WIDTH = 10;
/** With so many knots, a plan under this limit has child runs; its run does not continue as new. */
const MANY = 40;
const SOON = { childRunsFromEvents: 120 };

let slowCalls: { runId: string; idempotencyKey: string; x: number }[] = [];
let slowMayEnd = new Latch();
let slowMayFail = new Latch();
const slow = knot('slow', async ({ x }: { x: number }, { runId, idempotencyKey, signal }) => {
  slowCalls.push({ runId, idempotencyKey, x });
  const fails = slowMayFail.passed.then(() => {
    throw new TypeError('no way');
  });
  await Promise.race([slowMayEnd.passed, fails, aborted(signal)]);
  return x * 1_000;
});
const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const total = knot('total', (inputs: Record<string, number>) =>
  Object.values(inputs).reduce((a, b) => a + b, 0),
);

/** One slow knot beside many short ones in groups, each group after the one before. */
function besideMany(name: string, groups: number, width: number): Tapestry<{ x: number }, { sum: number }> {
  return tapestry(name, (t) => {
    const x = t.parameter('x', z.number());
    const before = inc({ x }, { id: 'before' });
    const beside = slow({ x: before }, { id: 'slow', timeout: 2 * HOURS, summary: 'takes its time' });
    let last: Knot<number> = before;
    for (let group = 0; group < groups; group++) {
      const all: Record<string, Knot<number>> = {};
      for (let k = 0; k < width; k++) all[`k${k}`] = inc({ x: last }, { id: `g${group}-${k}` });
      last = total(all, { id: `g${group}` });
    }
    const after = inc({ x: beside }, { id: 'after' });
    return { sum: total({ last, after }, { id: 'sum' }) };
  });
}

beforeEach(() => {
  slowCalls = [];
  slowMayEnd = new Latch();
  slowMayFail = new Latch();
});
afterEach(closeAll);

async function onlySlowIsLeft(run: RunHandle<object>): Promise<void> {
  await until(
    'only the slow knot runs',
    async () => {
      const live = (await run.status().catch(() => undefined))?.live;
      return live?.running.length === 1 && live.running[0] === 'slow' && live.counts.waiting === 2;
    },
    120_000,
  );
}

/** Within this time only the slow knot is left of it, also where the machine has other work. */
const FEW_MS = 20_000;

const few = besideMany('beside-few', GROUPS, WIDTH);

const fails = knot('fails', ({ x }: { x: number }): number => {
  throw new Error(`no luck with ${x}`);
});
const tell = knot('tell', { receives: 'outcomes' }, ({ of }: { of: Outcome<number> }) =>
  of.kind === 'skipped' ? `skipped ${of.reason}` : of.kind,
);
/** The many are skipped at once. */
const heard = tapestry('heard', (t) => {
  const x = t.parameter('x', z.number());
  const failed = fails({ x }, { id: 'failed' });
  for (let k = 0; k < MANY; k++) inc({ x: failed }, { id: `skipped-${k}` });
  const beside = slow({ x }, { id: 'slow', timeout: 2 * HOURS });
  return { told: tell({ of: beside }, { id: 'told' }) };
});

async function startFew(
  options: StartOptions = {},
): Promise<{ selvage: Selvage; run: RunHandle<{ sum: number }>; first: string }> {
  const selvage = await openSelvage({ tapestries: [few], runLimits: TIGHT_HISTORY_BUDGET });
  const run = await selvage.start(few, { x: 1 }, options);
  // A child run that is left would hold up the worker's shutdown.
  onClose(() => run.terminate().catch(() => undefined));
  await onlySlowIsLeft(run);
  const { temporal_run_id: first } = (await run.status()).run;
  expect((await executionsOf(selvage, run.runId, first)).length).toBeGreaterThan(1);
  return { selvage, run, first };
}

async function statusOfChild(selvage: Selvage, run: RunHandle<object>): Promise<string> {
  return (await selvage.client.workflow.getHandle(`${run.runId}/slow`).describe()).status.name;
}

test('a run continues as new while a slow knot beside many short ones runs in a child run', async () => {
  const { selvage, run, first } = await startFew();
  slowMayEnd.open();
  const result = await run.result({ outputs: 'terminals' });
  expect(result.status).toBe('succeeded');
  expect(slowCalls).toEqual([{ runId: run.runId, idempotencyKey: `${run.runId}/${first}/slow`, x: 2 }]);
  const items = await run.lineage({ knotId: 'slow' });
  expect(items).toMatchObject([{ run_id: run.runId, temporal_run_id: first, outcome: 'ok' }]);
  expect(await selvage.backends.runHistory.getRecords(first)).toHaveLength(1 + 3 + GROUPS * (WIDTH + 1) + 1);
  const child = await historyOf(selvage, `${run.runId}/slow`);
  expect(scheduledActivities(child)).toMatchObject([{ id: 'slow', type: 'slow', summary: 'takes its time' }]);
});

describe('a child run that an earlier execution started', () => {
  test('is cancelled with its run', async () => {
    const { selvage, run } = await startFew();
    await run.cancel();
    const { status, outcomes } = await run.result();
    expect(status).toBe('cancelled');
    expect(outcomes).toMatchObject({
      slow: { kind: 'skipped', reason: 'cancelled' },
      after: { kind: 'skipped', reason: 'cancelled' },
    });
    await until('the child run has ended', async () => (await statusOfChild(selvage, run)) === 'CANCELLED');
  });

  test('is cancelled at the deadline of its run', async () => {
    const { selvage, run, first } = await startFew({ deadline: FEW_MS });
    const { status, outcomes } = await run.result();
    expect(status).toBe('failed');
    expect((await run.status()).run.details).toMatchObject({ error: { type: 'DeadlineExceeded' } });
    expect(outcomes).toMatchObject({
      before: { kind: 'ok' },
      slow: { kind: 'skipped', reason: 'cancelled' },
      after: { kind: 'skipped', reason: 'cancelled' },
    });
    expect(await selvage.backends.runHistory.getRecords(first, ['slow'])).toHaveLength(1);
    await until('the child run has ended', async () => (await statusOfChild(selvage, run)) === 'CANCELLED');
  });

  test('tells of a failure', async () => {
    const { run } = await startFew();
    slowMayFail.open();
    const { status, outcomes } = await run.result();
    expect(status).toBe('failed');
    expect(outcomes).toMatchObject({
      slow: { kind: 'err', error: { type: 'TypeError', message: 'no way' } },
      after: { kind: 'skipped', reason: 'parent_failed_or_skipped' },
    });
  });

  test('fails its knot when an operator terminates it', async () => {
    const { selvage, run, first } = await startFew();
    await selvage.client.workflow.getHandle(`${run.runId}/slow`).terminate('by hand');
    const { status, outcomes } = await run.result();
    expect(status).toBe('failed');
    expect(outcomes['slow']).toMatchObject({ kind: 'err', error: { type: 'ChildRunLost' } });
    expect(await selvage.backends.runHistory.getRecords(first, ['slow'])).toHaveLength(1);
    expect(slowCalls).toHaveLength(1);
  });

  test('skips its knot when an operator cancels it, and a knot that receives outcomes hears of that', async () => {
    const selvage = await openSelvage({ tapestries: [heard], runLimits: SOON });
    const run = await selvage.start(heard, { x: 1 });
    onClose(() => run.terminate().catch(() => undefined));
    await until('the slow knot runs', () => slowCalls.length === 1);
    await selvage.client.workflow.getHandle(`${run.runId}/slow`).cancel();
    const { outcomes, outputs } = await run.result();
    expect(outcomes['slow']).toMatchObject({ kind: 'skipped', reason: 'cancelled' });
    expect(outputs['told']).toBe('skipped cancelled');
  });

  test('is heard once, whatever else comes by signal', async () => {
    const { selvage, run } = await startFew();
    const workflow = selvage.client.workflow.getHandle(run.runId);
    const forged = { knot: 'slow', child: run.runId, kind: 'ok', envelope: { value: 0 } };
    for (const said of [forged, { ...forged, knot: 'after' }, 'nonsense', undefined])
      await workflow.signal('selvage.knotEnded', said);
    slowMayEnd.open();
    expect(await run.values()).toEqual({ sum: expect.any(Number) });
    expect(slowCalls).toHaveLength(1);
  });
});

describe('a child run of the same execution', () => {
  /** All of it waits for the slow knot, so that a run of it is short for all its size. */
  const behind = tapestry('behind-slow', (t) => {
    const x = t.parameter('x', z.number());
    const first = slow({ x }, { id: 'slow', timeout: 2 * HOURS });
    for (let k = 0; k < MANY; k++) inc({ x: first }, { id: `k${k}` });
  });

  async function startBehind(): Promise<{ selvage: Selvage; run: RunHandle<object> }> {
    const selvage = await openSelvage({ tapestries: [behind], runLimits: SOON });
    const run = await selvage.start(behind, { x: 1 });
    onClose(() => run.terminate().catch(() => undefined));
    await until('the slow knot runs', () => slowCalls.length > 0);
    return { selvage, run };
  }

  test('is shown as what its knot waits for, and is cancelled with its run', async () => {
    const { selvage, run } = await startBehind();
    const { waiting } = await run.status();
    expect(waiting?.knots.find(({ knotId }) => knotId === 'slow')).toMatchObject({
      state: 'running',
      reason: { code: 'ChildRun' },
      childRunId: `${run.runId}/slow`,
    });
    await run.cancel();
    const { status, outcomes } = await run.result({ outputs: 'none' });
    expect(status).toBe('cancelled');
    expect(outcomes['slow']).toMatchObject({ kind: 'skipped', reason: 'cancelled' });
    await until('the child run has ended', async () => (await statusOfChild(selvage, run)) === 'CANCELLED');
  });

  test.each([
    { what: 'before it was started: another takes its place', isBefore: true, calls: 2 },
    { what: 'after it was started: it goes on, and tells the run that took over', isBefore: false, calls: 1 },
  ])(
    'whose run is reset to a point $what',
    async ({ isBefore, calls }) => {
      const { selvage, run } = await startBehind();
      const before = (await run.status()).run.temporal_run_id;
      const history = await historyOf(selvage, run.runId);
      const initiated = history.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes)!;
      const task =
        initiated.startChildWorkflowExecutionInitiatedEventAttributes!.workflowTaskCompletedEventId!;
      const tasks = history.filter((event) => event.workflowTaskCompletedEventAttributes);
      const point = isBefore ? task : tasks.at(-1)!.eventId!;
      const after = await resetRun(selvage, { workflowId: run.runId, runId: before }, point);
      await until('the slow knot runs', () => slowCalls.length === calls);
      // As workers do once a minute: the execution that was reset is over.
      await settleRunning(selvage.backends, selvage.client.workflow);
      slowMayEnd.open();
      const again = selvage.getRun(run.runId);
      const { status, outcomes } = await again.result({ outputs: 'none' });
      expect(status).toBe('succeeded');
      expect(outcomes['slow']).toMatchObject({ kind: 'ok' });
      expect((await again.status()).run.temporal_run_id).toBe(after);
      expect(slowCalls).toHaveLength(calls);
    },
    120_000,
  );

  test('is terminated with its run', async () => {
    const { selvage, run } = await startBehind();
    await run.terminate('enough');
    expect(await statusOfChild(selvage, run)).toBe('TERMINATED');
    expect((await run.status()).run.status).toBe('terminated');
  });

  test('fails its knot when an operator terminates it', async () => {
    const { selvage, run } = await startBehind();
    await selvage.client.workflow.getHandle(`${run.runId}/slow`).terminate('by hand');
    const { status, outcomes } = await run.result({ outputs: 'none' });
    expect(status).toBe('failed');
    expect(outcomes['slow']).toMatchObject({ kind: 'err', error: { type: 'ChildRunLost' } });
  });
});
