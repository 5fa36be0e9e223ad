import { knot, tapestry } from '../../src';
import { closeAll, openSelvage, startWorker, unique } from '../support/open-selvage';
import { until } from '../support/until';

afterEach(closeAll);

const EACH = 40;

test('of knots that wait in a task queue, those of a smaller priority go first, however late they came', async () => {
  const taskQueue = unique('one-slot');
  const order: string[] = [];
  const body = knot('body', ({ kind }: { kind: string }) => void order.push(kind));
  const work = tapestry('by-priority', { knots: { dispatcher: { kind: 'queue', taskQueue } } }, () => {
    for (let n = 0; n < EACH; n++) body({ kind: 'late' }, { id: `late-${n}`, priority: 5 });
    for (let n = 0; n < EACH; n++) body({ kind: 'urgent' }, { id: `urgent-${n}`, priority: 1 });
  });
  const selvage = await openSelvage({ tapestries: [work] });
  const run = await selvage.start(work, {});
  await until(
    'all of them are in the queue, of which nobody asks for work',
    async () => (await run.status()).waiting?.reasons.NoWorker === 2 * EACH,
  );
  await startWorker(selvage, {
    tapestries: [work],
    taskQueue,
    maxConcurrentActivityTaskExecutions: 1,
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
  });
  expect((await run.result()).status).toBe('succeeded');
  expect(order).toHaveLength(2 * EACH);
  // The server has several partitions of a queue, and keeps the order in each of them.
  const urgentAtFirst = order.slice(0, EACH / 2).filter((kind) => kind === 'urgent');
  expect(urgentAtFirst.length).toBeGreaterThanOrEqual(EACH / 2 - 5);
});
