import { temporal } from '@temporalio/proto';
import { z } from 'zod';

import { knot, local, tapestry, type Knot } from '../../src';
import { nodeSha256 } from '../../src/node/node-sha256';
import type { RunHandle, Selvage } from '../../src/client';
import { budgetOf } from '../../src/plan';
import { planOf } from '../../src/runtime';
import { recordOf } from '../../src/authoring';
import { executionsOf } from '../support/history';
import { closeAll, openSelvage } from '../support/open-selvage';

afterEach(closeAll);

const KNOTS = 10_000;

const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const add = knot('add', (inputs: Record<string, number>) => Object.values(inputs).reduce((a, b) => a + b, 0));

const pad = knot('pad', ({ x }: { x: number }) => String(x).padEnd(2_000, '.'));
const size = knot('size', ({ text }: { text: string }) => text.length);

const chain = tapestry('chain-10000', { knots: { dispatcher: local() } }, (t) => {
  let end: Knot<number> = t.parameter('x', z.number());
  for (let k = 0; k < KNOTS; k++) end = inc({ x: end }, { id: `k${k}` });
  return { end };
});

/** All at once, and one after all of them: its parents are more than a task carries. */
const fan = tapestry('fan-10000', (t) => {
  const x = t.parameter('x', z.number());
  const all: Record<string, Knot<number>> = {};
  for (let k = 0; k < KNOTS; k++) all[`k${k}`] = inc({ x }, { id: `k${k}` });
  return { end: add(all, { id: 'end' }) };
});

/** Its values are near the largest that are sent along. */
const queued = tapestry('queued', (t) => {
  const x = t.parameter('x', z.number());
  const before = pad({ x }, { id: 'before' });
  for (let k = 0; k < 100; k++) pad({ x: size({ text: before }, { id: `size-${k}` }) }, { id: `k${k}` });
});

/** Counts and sizes of a run's history, beside what the budget allows. */
async function expectWithinBudget(selvage: Selvage, run: RunHandle<object>, shape: object): Promise<void> {
  const { layout } = planOf(recordOf(shape as never), nodeSha256).loaded;
  const budget = budgetOf(layout);
  expect(budget.executions).toBeLessThan(3);
  const { events } = await selvage.client.workflow.getHandle(run.runId).fetchHistory();
  const sizes = events!.map((event) => temporal.api.history.v1.HistoryEvent.encode(event).finish().length);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect(events!.length).toBeLessThanOrEqual(budget.events);
  expect(bytes).toBeLessThanOrEqual(budget.bytes);
  // In one message, whoever asks for it.
  expect(bytes).toBeLessThan(4 * 1024 * 1024);
  expect(Math.max(...sizes)).toBeLessThan(512 * 1024);
}

test('10,000 knots in segments stay within the budget of one execution', async () => {
  const selvage = await openSelvage({ tapestries: [chain] });
  const run = await selvage.start(chain, { x: 1 });
  const { status, values, outcomes } = await run.result({ outputs: 'terminals' });
  expect(status).toBe('succeeded');
  expect(Object.keys(outcomes)).toHaveLength(KNOTS + 1);
  expect(values).toEqual({ end: KNOTS + 1 });
  await expectWithinBudget(selvage, run, chain);
}, 600_000);

test('10,000 knots, each an activity, take no more executions than the budget says', async () => {
  const selvage = await openSelvage({ tapestries: [fan] });
  const run = await selvage.start(fan, { x: 1 });
  const { status, values, outcomes } = await run.result({ outputs: 'terminals' });
  expect(status).toBe('succeeded');
  expect(Object.keys(outcomes)).toHaveLength(KNOTS + 2);
  expect(values).toEqual({ end: 2 * KNOTS });
  const { temporal_run_id: first } = (await run.status()).run;
  const executions = await executionsOf(selvage, run.runId, first);
  const { layout } = planOf(recordOf(fan), nodeSha256).loaded;
  expect(executions.length).toBeGreaterThan(1);
  expect(executions.length).toBeLessThanOrEqual(budgetOf(layout).executions);
}, 600_000);

test('the budget holds for queued knots as well', async () => {
  const selvage = await openSelvage({ tapestries: [queued] });
  const run = await selvage.start(queued, { x: 1 });
  expect((await run.result({ outputs: 'none' })).status).toBe('succeeded');
  await expectWithinBudget(selvage, run, queued);
});
