import { z } from 'zod';

import { knot, tapestry, type Knot } from '../../src';
import { SETTLED_PER_EXECUTION } from '../../src/plan';
import { replayRun, type ReplayedExecution } from '../../src/worker';
import { executionsOf, historyOf } from '../support/history';
import { Latch } from '../support/latch';
import { closeAll, openSelvage } from '../support/open-selvage';
import { startTestServer, type TestServer } from '../support/temporal-server';
import { until } from '../support/until';
import { LOW_HISTORY_BUDGET } from '../support/run-limits';
import { bundledInterpreter } from '../support/workflow-bundle';

let settled = 0;
const inc = knot('inc', ({ x }: { x: number }) => {
  settled += 1;
  return x + 1;
});
const total = knot('total', (inputs: Record<string, number>) =>
  Object.values(inputs).reduce((a, b) => a + b, 0),
);
const first = knot('first', (inputs: Record<string, number>) => inputs['k0']!);
const boom = knot('boom', ({ x }: { x: number }): number => {
  throw new Error(`no ${x}`);
});
let slowCalls = 0;
let slowMayEnd = new Latch();
const slow = knot('slow', async ({ x }: { x: number }) => {
  slowCalls += 1;
  await slowMayEnd.passed;
  return x * 1_000;
});

const LAYERS = 13;
const WIDTH = 120;

/** Layers of short knots, each after all of the layer before; beside them a slow one, a failed one and what it skips. */
const layered = tapestry('layered', { failOn: 'never' }, (t) => {
  const x = t.parameter('x', z.number());
  const beside = slow({ x }, { id: 'slow' });
  const failed = boom({ x }, { id: 'failed' });
  const skipped = inc({ x: failed }, { id: 'skipped' });
  let layer: Knot<number> = x;
  for (let n = 0; n < LAYERS; n++) {
    const knots: Record<string, Knot<number>> = {};
    for (let k = 0; k < WIDTH; k++) knots[`k${k}`] = inc({ x: layer }, { id: `layer-${n}-${k}` });
    layer = first(knots, { id: `layer-${n}` });
  }
  return { skipped, sum: total({ layer, beside, x }, { id: 'sum' }) };
});
const KNOTS = 1 + 3 + LAYERS * (WIDTH + 1) + 1;

beforeEach(() => {
  settled = 0;
  slowCalls = 0;
  slowMayEnd = new Latch();
});
afterEach(closeAll);

describe('on a server that suggests it early', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ dynamicConfig: ['limit.historyCount.suggestContinueAsNew=1000'] });
  });
  afterAll(() => server.stop());

  test('a run goes on over several executions, and nobody can tell by its results', async () => {
    const selvage = await openSelvage({ tapestries: [layered], address: server.address });
    const run = await selvage.start(layered, { x: 1 });
    const { temporal_run_id: firstRunId } = await until('the run has begun', () =>
      selvage.backends.runHistory.getRun(run.runId),
    );
    // While the slow knot runs, there is no moment to continue at, and all the same nothing is held back.
    await until(
      'more has settled than an execution has to',
      () => settled > SETTLED_PER_EXECUTION + 2 * WIDTH,
    );
    expect(await executionsOf(selvage, run.runId, firstRunId)).toEqual([firstRunId]);
    slowMayEnd.open();
    const result = await run.result();
    expect(result.values).toEqual({ sum: 1 + LAYERS + 1_000 + 1 });
    expect(result.outcomes).toMatchObject({
      failed: { kind: 'err', error: { message: 'no 1' } },
      skipped: { kind: 'skipped', reason: 'parent_failed_or_skipped' },
      slow: { kind: 'ok', value: 1_000 },
    });
    expect(Object.keys(result.outcomes)).toHaveLength(KNOTS);
    expect(slowCalls).toBe(1);
    expect(settled).toBe(LAYERS * WIDTH);

    const executions = await executionsOf(selvage, run.runId, firstRunId);
    expect(executions.length).toBeGreaterThan(1);
    expect(await selvage.backends.runHistory.getRecords(firstRunId)).toHaveLength(KNOTS);
    for (const later of executions.slice(1))
      expect(await selvage.backends.runHistory.getRecords(later)).toEqual([]);
    const { run: record } = await run.status();
    expect(record).toMatchObject({
      temporal_run_id: firstRunId,
      status: 'failed',
      trigger: 'code',
      details: { counts: { ok: KNOTS - 2, err: 1, skipped: 1 } },
    });
    expect((await selvage.runs.list({ tapestry: 'layered' })).items).toHaveLength(1);

    const replayed: ReplayedExecution[] = [];
    const options = { workflows: { workflowBundle: bundledInterpreter() } };
    for await (const execution of replayRun(selvage.client, run.runId, options)) replayed.push(execution);
    expect(replayed.map(({ temporalRunId, verdict }) => [temporalRunId, verdict])).toEqual(
      executions.map((id) => [id, 'replays']),
    );
    expect(replayed.at(-1)!.events).toBe((await historyOf(selvage, run.runId)).length);
  });

  test('a run that has continued can be cancelled', async () => {
    const endless = knot('endless', async (_: object, { signal }) => {
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error('told'))),
      );
      return 0;
    });
    const tail = tapestry('tail', (t) => {
      const x = t.parameter('x', z.number());
      const knots: Record<string, Knot<number>> = {};
      for (let k = 0; k < SETTLED_PER_EXECUTION; k++) knots[`k${k}`] = inc({ x }, { id: `k${k}` });
      const before = first(knots, { id: 'before' });
      const after = inc({ x: before }, { id: 'after' });
      return { end: endless({ after }, { id: 'end' }) };
    });
    const selvage = await openSelvage({ tapestries: [tail], address: server.address });
    const run = await selvage.start(tail, { x: 1 });
    await until('the last knot runs', async () =>
      (await run.status().catch(() => undefined))?.live?.running.includes('end'),
    );
    const { temporal_run_id: firstRunId } = (await run.status()).run;
    expect((await executionsOf(selvage, run.runId, firstRunId)).length).toBeGreaterThan(1);
    await run.cancel();
    expect(await run.result()).toMatchObject({
      status: 'cancelled',
      outcomes: { after: { kind: 'ok' }, end: { kind: 'skipped', reason: 'cancelled' } },
    });
    expect((await run.status()).run.temporal_run_id).toBe(firstRunId);
  });
});

test('a history that grows without a pause is held at its limit, drained and continued', async () => {
  const wide = tapestry('wide', (t) => {
    const x = t.parameter('x', z.number());
    slow({ x }, { id: 'slow' });
    for (let k = 0; k < LOW_HISTORY_BUDGET.holdEvents; k++) inc({ x }, { id: `k${k}` });
  });
  const selvage = await openSelvage({ tapestries: [wide], runLimits: LOW_HISTORY_BUDGET });
  const run = await selvage.start(wide, { x: 1 });
  const held = await until(
    'only the slow knot runs while others wait',
    async () => {
      const live = (await run.status().catch(() => undefined))?.live;
      return live && live.running.length === 1 && live.counts.waiting > 0 ? live : undefined;
    },
    60_000,
  );
  expect(held.running).toEqual(['slow']);
  const { historyLength, runId: firstRunId } = await selvage.client.workflow.getHandle(run.runId).describe();
  expect(historyLength).toBeGreaterThanOrEqual(LOW_HISTORY_BUDGET.holdEvents);
  // What ran when the limit was reached ran to its end, and no more.
  expect(held.counts.ok + held.counts.waiting).toBe(held.counts.total - 1);
  expect(settled).toBe(held.counts.ok - 1);
  slowMayEnd.open();
  const result = await run.result({ outputs: 'none' });
  expect(result.status).toBe('succeeded');
  expect((await executionsOf(selvage, run.runId, firstRunId)).length).toBeGreaterThan(1);
  expect(slowCalls).toBe(1);
  expect(settled).toBe(LOW_HISTORY_BUDGET.holdEvents);
});
