import { z } from 'zod';
import { knot, subTapestry, tapestry } from '../../src';
import { Calls } from '../support/calls';
import { historyOf } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { closeAll, openSelvage } from '../support/open-selvage';
import { resetRun } from '../support/reset-run';
import { until } from '../support/until';

const calls = new Calls();
let gate: Latch;
beforeEach(() => (gate = new Latch()));
afterEach(closeAll);

const increment = knot('increment', ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  return x + 1;
});
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

test('a nested run that an operator resets is the one that counts for its knot', async () => {
  const selvage = await openSelvage({ tapestries: [outer] });
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
  const { items } = await run.lineage({ knotId: 'nested' });
  expect(items[0]!.extra).toEqual({ child_run: { run_id: child, temporal_run_id: after } });
  expect(await selvage.getRun(child).result()).toMatchObject({
    status: 'succeeded',
    outputs: { 'param:x': 1, before: 2, held: 20 },
  });
  expect(calls.of(child)).toEqual(['before', 'held', 'held']);
}, 60_000);
