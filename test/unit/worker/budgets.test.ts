import fc from 'fast-check';

import { budgetsOfAQueue } from '../../../src/worker/budgets';

test('one task queue has all that the user or the SDK gives', () => {
  expect(budgetsOfAQueue({ maxCachedWorkflows: 50, maxConcurrentActivityTaskExecutions: 8 }, 1)).toEqual({});
});

test('task queues together stay within the limits of the process, and each has what it needs to work', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 500 }), fc.nat(5_000), fc.nat(5_000), (queues, cached, slots) => {
      const chosen = { maxCachedWorkflows: cached + 2, maxConcurrentActivityTaskExecutions: slots + 1 };
      const budgets = budgetsOfAQueue(chosen, queues);
      expect(budgets.maxCachedWorkflows! * queues).toBeLessThanOrEqual(Math.max(cached + 2, 2 * queues));
      expect(budgets.maxConcurrentActivityTaskExecutions! * queues).toBeLessThanOrEqual(
        Math.max(slots + 1, 2 * queues),
      );
      expect(budgets.maxCachedWorkflows).toBeGreaterThanOrEqual(2);
      expect(budgets.maxConcurrentActivityTaskExecutions).toBeGreaterThanOrEqual(Math.min(slots + 1, 2));
      expect(budgets.maxConcurrentWorkflowTaskExecutions).toBeLessThanOrEqual(budgets.maxCachedWorkflows!);
    }),
  );
});

test('a cache that is off stays off, and a tuner keeps its slots', () => {
  expect(budgetsOfAQueue({ maxCachedWorkflows: 0 }, 10)).not.toHaveProperty('maxCachedWorkflows');
  const tuned = budgetsOfAQueue({ tuner: {} as never }, 10);
  expect(Object.keys(tuned)).not.toContain('maxConcurrentActivityTaskExecutions');
  expect(Object.keys(tuned)).not.toContain('maxConcurrentWorkflowTaskExecutions');
});
