import { z } from 'zod';
import { knot, map, tapestry } from '../../src';
import { Calls } from '../support/calls';
import { executionsOf } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { closeAll, openSelvage } from '../support/open-selvage';

/** So that some dozens of elements are more than one execution of the map's child run takes. */
const activityLimits = { slices: { elements: 3, slices: 2 } };

afterEach(closeAll);

const calls = new Calls();
const range = knot('range', ({ n }: { n: number }) => Array.from({ length: n }, (_, index) => index));
const begun = new Latch();
/** Elements are counted; the one at `stop` waits for its signal. */
const element = knot('element', async ({ x, stop }: { x: number; stop: number }, ctx) => {
  calls.note(ctx);
  if (x !== stop) return x * 2;
  begun.open();
  return await aborted(ctx.signal);
});
const work = tapestry('continued-map', (t) => {
  const numbers = range({ n: t.parameter('n', z.number()) }, { id: 'numbers' });
  const stop = t.parameter('stop', z.number());
  return { doubled: map({ over: numbers, each: element, bind: 'x', shared: { stop } }, { id: 'doubled' }) };
});

test('the child run of a map that continues as new goes on with the next element, and the map has all', async () => {
  const selvage = await openSelvage({ tapestries: [work], activityLimits });
  const run = await selvage.start(work, { n: 20, stop: -1 });
  expect(await run.values()).toEqual({ doubled: Array.from({ length: 20 }, (_, index) => index * 2) });
  expect(calls.of(run.runId)).toEqual(Array.from({ length: 20 }, (_, index) => `doubled[${index}]`).sort());
  const items = await run.lineage({ knotId: 'doubled' });
  expect(items[0]).toMatchObject({ extra: { elements: { count: 20, failed: 0 } } });
  const child = `${run.runId}/doubled`;
  const { raw } = await selvage.client.workflow.getHandle(child).describe();
  const first = raw.workflowExecutionInfo!.firstRunId!;
  // 2 slices of 3 elements in each, the last of which has what is left.
  expect(await executionsOf(selvage, child, first)).toHaveLength(4);
});

test('a cancel reaches a later execution', async () => {
  const selvage = await openSelvage({ tapestries: [work], activityLimits });
  const run = await selvage.start(work, { n: 20, stop: 13 });
  await begun.passed;
  await run.cancel();
  expect(await run.result()).toMatchObject({
    status: 'cancelled',
    outcomes: { doubled: { kind: 'skipped', reason: 'cancelled' } },
  });
  const items = await run.lineage();
  const ended = items.filter(({ knot_id }) => knot_id.startsWith('doubled['));
  expect(ended.map(({ outcome }) => outcome)).not.toContain('skipped');
  expect(ended.length).toBeGreaterThanOrEqual(12);
  expect(ended.length).toBeLessThan(18);
});
