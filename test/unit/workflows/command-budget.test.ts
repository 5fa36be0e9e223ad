import { TASK_COMMAND_BYTES } from '../../../src/plan';
import { COMMAND_OVERHEAD_BYTES, CommandBudget } from '../../../src/workflows/command-budget';

const overhead = COMMAND_OVERHEAD_BYTES;

test('a workflow task carries commands up to the limit, each with what Temporal adds', () => {
  const budget = new CommandBudget(() => 3, 10 * overhead);
  expect(Array.from({ length: 6 }, () => budget.take(overhead))).toEqual([
    true,
    true,
    true,
    true,
    true,
    false,
  ]);
  // What did not fit has cost nothing; a small one still fits where a large one does not.
  const other = new CommandBudget(() => 3, 4 * overhead);
  expect([other.take(overhead), other.take(2 * overhead), other.take(overhead)]).toEqual([true, false, true]);
});

test('the next task begins anew', () => {
  let task = 3;
  const budget = new CommandBudget(() => task, 2 * overhead);
  expect([budget.take(overhead), budget.take(0)]).toEqual([true, false]);
  task = 7;
  expect([budget.take(overhead), budget.take(0)]).toEqual([true, false]);
});

test('the first command of a task goes out however large it is, or it never would', () => {
  const budget = new CommandBudget(() => 3, overhead);
  expect([budget.take(1_000_000), budget.take(0)]).toEqual([true, false]);
});

test('a full task with the largest activity on top is far from the 4 MiB that fail a run for good', () => {
  const budget = new CommandBudget(() => 3);
  let bytes = 0;
  for (const size of [0, 64 * 1024, 1, 700]) {
    while (budget.take(size)) bytes += size + overhead;
  }
  expect(bytes).toBeLessThanOrEqual(TASK_COMMAND_BYTES);
  expect(TASK_COMMAND_BYTES).toBeLessThanOrEqual((4 * 1024 * 1024) / 4);
});
