import { z } from 'zod';

import { knot, tapestry, waitForSignal } from '../../../src';
import { FaultProxy } from '../../support/fault-proxy';
import { closeAll, connectSelvage, onClose, startWorker } from '../../support/open-selvage';
import { sharedServerAddress } from '../../support/temporal-server';
import { runs } from '../../support/thorough';
import { until } from '../../support/until';

afterEach(closeAll);

const AT_ONCE = 50;
const sorted = knot('sorted', (all: Record<string, number>) =>
  Object.values(all).sort((one, other) => one - other),
);
const waits = tapestry('waits-for-fifty', () => {
  const all = Array.from(
    { length: AT_ONCE },
    (_, n) => [`w${n}`, waitForSignal('n', z.number(), { id: `w${n}` })] as const,
  );
  return { sorted: sorted(Object.fromEntries(all), { id: 'sorted' }) };
});

test('signals whose senders lose their connections to the server again and again are each taken once', async () => {
  const [host, port] = sharedServerAddress().split(':');
  const proxy = await FaultProxy.to({ host: host!, port: Number(port) });
  onClose(() => proxy.close());
  const near = await connectSelvage();
  await startWorker(near, { tapestries: [waits] });
  const far = await connectSelvage({
    address: `127.0.0.1:${proxy.port}`,
    backends: near.backends,
    ...(near.taskQueue !== undefined && { taskQueue: near.taskQueue }),
  });
  const numbers = Array.from({ length: AT_ONCE }, (_, n) => n);
  for (let round = 0; round < runs(2, 20); round++) {
    const { runId } = await near.start(waits, {});
    const run = far.getRun(runId);
    let answered = 0;
    const sent = numbers.map((n) => run.signal('n', n).finally(() => (answered += 1)));
    const all = Promise.all(sent);
    all.catch(() => undefined);
    for (const after of [1, 15, 30]) {
      await until(`${after} are answered`, () => answered >= after);
      proxy.reset();
    }
    const takers = (await all).map(({ takenBy }) => takenBy);
    expect(new Set(takers).size).toBe(AT_ONCE);
    expect(await near.getRun<{ sorted: number[] }>(runId).values()).toEqual({ sorted: numbers });
  }
  expect(proxy.counts.reset).toBeGreaterThan(0);
});
