import { z } from 'zod';
import { knot, local, queue, subTapestry, tapestry, type Dispatcher, type Knot } from '../../src';
import type { RunHistory } from '../../src/ports';
import { Calls } from '../support/calls';
import { executionsOf, historyOf } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { connectSelvage, selvageForAll, startWorker } from '../support/open-selvage';
import { resetRun } from '../support/reset-run';
import { TIGHT_HISTORY_BUDGET } from '../support/run-limits';
import { until } from '../support/until';
import { withMethods } from '../support/with-methods';

let factor: number;
const calls = new Calls();
let gate: Latch;
beforeEach(() => (gate = new Latch()));

const increment = knot('increment', ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  return x + 1;
});
const scale = knot('scale', ({ x }: { x: number }) => x * factor);
const resettable = (name: string, begin: Dispatcher, first: Dispatcher, last: Dispatcher) =>
  tapestry(name.replaceAll(' ', '-'), (t) => {
    const begun = increment({ x: t.parameter('x', z.number()) }, { id: 'begin', dispatcher: begin });
    const middle = increment({ x: begun }, { id: 'first', dispatcher: first });
    return { last: scale({ x: middle }, { id: 'last', dispatcher: last }) };
  });
const RESETTABLE = [
  resettable('activities', queue(), queue(), queue()),
  resettable('a segment that began in the first step', local(), queue(), queue()),
  resettable('a segment before the reset', queue(), local(), queue()),
  resettable('a segment after the reset', queue(), queue(), local()),
];

/** Its first attempt never ends but by its signal. */
const hold = knot('hold', async ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  if (calls.of(ctx.runId).filter((id) => id === ctx.knotId).length === 1) await aborted(ctx.signal);
  await gate.passed;
  return x * 10;
});
const inner = tapestry('reset-inner', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: hold({ x: increment({ x }, { id: 'before' }) }, { id: 'held' }),
}));
const outer = tapestry('reset-outer', { parameters: { x: z.number() } }, (_t, { x }) => {
  const nested = subTapestry({ tapestry: inner, inputs: { x } }, { id: 'nested' });
  return { nested };
});

const CHAIN = 60;
const long = tapestry('reset-long', { parameters: { x: z.number() } }, (_t, { x }) => {
  let last: Knot<number> = x;
  for (let index = 0; index < CHAIN; index++)
    last = increment({ x: last }, { id: `k${index}`, dispatcher: queue() });
  return { last };
});

const shared = selvageForAll({ tapestries: [...RESETTABLE, outer] });

test.each(RESETTABLE)(
  'a run that an operator resets has records of its own, those of before included: $name',
  async (work) => {
    factor = 10;
    const selvage = shared();
    const run = await selvage.start(work, { x: 1 });
    expect(await run.values()).toEqual({ last: 30 });
    const before = await run.status();

    factor = 100;
    const handle = selvage.client.workflow.getHandle(run.runId);
    const { events } = await handle.fetchHistory();
    // The task that sent out what comes last: from there on the run goes another way.
    const lastScheduled = events!.filter((event) => event.activityTaskScheduledEventAttributes).at(-1)!;
    const { workflowTaskCompletedEventId } = lastScheduled.activityTaskScheduledEventAttributes!;
    const execution = { workflowId: run.runId, runId: before.run.temporal_run_id };
    const newExecution = await resetRun(selvage, execution, workflowTaskCompletedEventId!);

    const again = selvage.getRun(run.runId);
    const result = await again.result();
    expect(result.outputs).toEqual({ 'param:x': 1, begin: 2, first: 3, last: 300 });
    const after = await again.status();
    expect(after.run.temporal_run_id).toBe(newExecution);
    expect(after.run.parameter_hashes).toEqual(before.run.parameter_hashes);
    for (const knotId of ['begin', 'first']) {
      const items = await again.lineage({ knotId });
      expect(items).toMatchObject([{ outcome: 'ok', extra: { reset_from: before.run.temporal_run_id } }]);
    }
  },
);

test('a nested run that an operator resets is the one that counts for its knot', async () => {
  const selvage = shared();
  const run = await selvage.start(outer, { x: 1 });
  const child = `${run.runId}/nested#1`;
  const timesHeld = (): number => calls.of(child).filter((id) => id === 'held').length;
  await until('the nested run is held', () => timesHeld() === 1);
  const { runId: before } = await selvage.client.workflow.getHandle(child).describe();
  const scheduled = (await historyOf(selvage, child)).find(
    (event) => event.activityTaskScheduledEventAttributes?.activityId === 'held',
  )!;
  const point = scheduled.activityTaskScheduledEventAttributes!.workflowTaskCompletedEventId!;
  const after = await resetRun(selvage, { workflowId: child, runId: before }, point);
  await until('it is held again', () => timesHeld() === 2);
  gate.open();
  expect(await run.values()).toEqual({ nested: { x: 20 } });
  const items = await run.lineage({ knotId: 'nested' });
  expect(items[0]!.extra).toEqual({ child_run: { run_id: child, temporal_run_id: after } });
  expect(await selvage.getRun(child).result()).toMatchObject({
    status: 'succeeded',
    outputs: { 'param:x': 1, before: 2, held: 20 },
  });
  expect(calls.of(child)).toEqual(['before', 'held', 'held']);
});

test('a run that has gone on with a new history and is just ending is what its record says, and not taken for one that was reset', async () => {
  const selvage = await connectSelvage({ runLimits: TIGHT_HISTORY_BUDGET });
  const isOver = new Latch();
  const mayEnd = new Latch();
  const { runHistory } = selvage.backends;
  const endRun: RunHistory['endRun'] = async (...given) => {
    const isKnown = await runHistory.endRun(...given);
    isOver.open();
    await mayEnd.passed;
    return isKnown;
  };
  const backends = withMethods(selvage.backends, { runHistory: withMethods(runHistory, { endRun }) });
  await startWorker(selvage, { tapestries: [long], backends });
  const run = await selvage.start(long, { x: 1 });
  await isOver.passed;
  const { run: record, waiting } = await run.status();
  mayEnd.open();
  expect(record).toMatchObject({ status: 'succeeded' });
  expect(waiting).toBeUndefined();
  await run.result();
  expect((await run.status()).run).toEqual(record);
  expect((await executionsOf(selvage, run.runId, record.temporal_run_id)).length).toBeGreaterThan(1);
});
