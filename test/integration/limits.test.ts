import { z } from 'zod';

import { knot, tapestry, type Knot } from '../../src';
import { INLINE_BYTES_PER_ACTIVITY, PARENTS_PER_ACTIVITY, TASK_COMMAND_BYTES } from '../../src/plan';
import { historyOf, scheduledActivities, textOf } from '../support/history';
import { closeAll, openSelvage, unique } from '../support/open-selvage';

afterEach(closeAll);

const text = knot('text', ({ start, length }: { start: string; length: number }) =>
  start.padEnd(length, '.'),
);
const lengthOf = knot('lengthOf', (inputs: Record<string, string>) =>
  Object.values(inputs).reduce((sum, { length }) => sum + length, 0),
);
const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const total = knot('total', (inputs: Record<string, number>) =>
  Object.values(inputs).reduce((a, b) => a + b, 0),
);

describe('values in the history', () => {
  const small = unique('small');
  const large = unique('large');
  const echo = knot('echo', ({ value }: { value: string }) => `${value} again`);
  const values = tapestry('values', () => {
    const a = text({ start: small, length: 100 }, { id: 'small' });
    const b = text({ start: large, length: 5_000 }, { id: 'large' });
    return {
      small: echo({ value: a }, { id: 'small-again' }),
      large: echo({ value: b }, { id: 'large-again' }),
    };
  });

  test('small ones travel in it, those over the limit never', async () => {
    const selvage = await openSelvage({ tapestries: [values] });
    const run = await selvage.start(values, {});
    expect((await run.values()).large).toContain(large);
    const history = textOf(await historyOf(selvage, run.runId));
    expect(history).toContain(small);
    expect(history).not.toContain(large);
  });
});

test(`more than ${PARENTS_PER_ACTIVITY} parents are looked up instead of sent`, async () => {
  const count = PARENTS_PER_ACTIVITY + 200;
  const wide = tapestry('wide', (t) => {
    const x = t.parameter('x', z.number());
    const all: Record<string, Knot<number>> = {};
    for (let n = 0; n < count; n++) all[`k${n}`] = inc({ x }, { id: `k${n}` });
    return { sum: total(all, { id: 'sum' }) };
  });
  const selvage = await openSelvage({ tapestries: [wide] });
  const run = await selvage.start(wide, { x: 1 });
  expect(await run.values()).toEqual({ sum: 2 * count });
  const activities = scheduledActivities(await historyOf(selvage, run.runId));
  expect(activities).toHaveLength(count + 1);
  expect(activities.find(({ id }) => id === 'sum')!.bytes).toBeLessThan(1_000);
  const [record] = await run.lineage({ knotId: 'sum' });
  expect(Object.keys(record!.parent_input_hashes)).toHaveLength(count);
});

test('ids of the greatest length are activity ids as they are', async () => {
  const id = `k${'0123456789'.repeat(19)}-longest`.padEnd(200, 'x');
  const longest = tapestry('longest', () => ({ [id]: inc({ x: 1 }, { id }) }));
  const selvage = await openSelvage({ tapestries: [longest] });
  const run = await selvage.start(longest, {});
  expect(await run.values()).toEqual({ [id]: 2 });
  expect(scheduledActivities(await historyOf(selvage, run.runId)).map((activity) => activity.id)).toEqual([
    id,
  ]);
});

test('no workflow task carries more than its budget of commands, however much is inline', async () => {
  // More than one activity may carry: the rest is looked up.
  const sources = 40;
  // In one task, half as much again as fails a run for good.
  const children = 100;
  const heavy = tapestry('heavy', () => {
    const inline: Record<string, Knot<string>> = {};
    for (let n = 0; n < sources; n++)
      inline[`s${n}`] = text({ start: `${n}`, length: 2_000 }, { id: `s${n}` });
    const all: Record<string, Knot<number>> = {};
    for (let n = 0; n < children; n++) all[`c${n}`] = lengthOf(inline, { id: `c${n}` });
    return { sum: total(all, { id: 'sum' }) };
  });
  const selvage = await openSelvage({ tapestries: [heavy] });
  const run = await selvage.start(heavy, {});
  expect(await run.values()).toEqual({ sum: children * sources * 2_000 });
  const first = (await run.status()).run.temporal_run_id;
  const activities = scheduledActivities(await historyOf(selvage, run.runId, first, 2));
  const perTask = new Map<number, number>();
  for (const { task, bytes } of activities) perTask.set(task, (perTask.get(task) ?? 0) + bytes);
  // That the budget was tried: one activity is near its own limit, and tasks are near theirs.
  const heaviest = Math.max(...activities.map(({ bytes }) => bytes));
  expect(heaviest).toBeGreaterThan(50_000);
  expect(heaviest).toBeLessThan(INLINE_BYTES_PER_ACTIVITY + 10_000);
  expect(Math.max(...perTask.values())).toBeGreaterThan(TASK_COMMAND_BYTES / 2);
  expect(Math.max(...perTask.values())).toBeLessThanOrEqual(TASK_COMMAND_BYTES);
});
