import { z } from 'zod';

import { knot, tapestry } from '../../src';
import { historyOf, scheduledActivities } from '../support/history';
import { selvageForAll } from '../support/open-selvage';

const double = knot('double', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x * 2);
const add = knot('add', async ({ a, b }: { a: number; b: number }) => a + b);

const quickstart = tapestry('quickstart', (t) => {
  const x = t.parameter('x', z.number());
  const d = double({ x }, { id: 'd', summary: 'Twice the parameter' });
  const answer = add({ a: x, b: d }, { id: 'answer' });
  return { answer };
});

const shared = selvageForAll({ tapestries: [quickstart] });

test('the quickstart answers its values, outputs and outcomes', async () => {
  const run = await shared().start(quickstart, { x: 5 });
  expect(await run.values()).toEqual({ answer: 15 });
  expect(await run.result()).toMatchObject({
    runId: run.runId,
    status: 'succeeded',
    succeeded: true,
    outputs: { 'param:x': 5, d: 10, answer: 15 },
    outcomes: { d: { kind: 'ok', value: 10 } },
    values: { answer: 15 },
  });
});

test('the history speaks of knots: type is the definition, id the knot, summary what its author says', async () => {
  const run = await shared().start(quickstart, { x: 1 });
  await run.result();
  const activities = scheduledActivities(await historyOf(shared(), run.runId));
  expect(activities.map(({ id, type, summary }) => ({ id, type, summary }))).toEqual([
    { id: 'd', type: 'double', summary: 'Twice the parameter' },
    { id: 'answer', type: 'add', summary: undefined },
  ]);
});

test('every knot has one lineage record that joins its input to its output', async () => {
  const run = await shared().start(quickstart, { x: 7 });
  await run.result();
  const items = await run.lineage();
  const byKnot = new Map(items.map((record) => [record.knot_id, record]));
  expect([...byKnot.keys()].sort()).toEqual(['answer', 'd', 'param:x']);
  expect(items).toHaveLength(3);
  const [x, d, answer] = ['param:x', 'd', 'answer'].map((id) => byKnot.get(id)!);
  expect(d!.parent_input_hashes).toEqual({ x: x!.output_hash });
  expect(answer!.parent_input_hashes).toEqual({ a: x!.output_hash, b: d!.output_hash });
  expect(answer).toMatchObject({
    outcome: 'ok',
    attempt: 1,
    dispatcher: 'queue',
    task_queue: shared().taskQueue,
  });
});
