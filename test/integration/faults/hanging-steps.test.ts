import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { knot, tapestry } from '../../../src';
import { closeAll, connectSelvage, startWorker, temporaryBackends, unique } from '../../support/open-selvage';
import { SwitchableBackends } from '../../support/switchable-backends';

/** The server gives up a step of a run after 60 s. */
const HANGS_MS = 65_000;

afterEach(closeAll);

test('a run whose first or last step hangs goes on when that is tried again', async () => {
  const real = await temporaryBackends();
  const runs = await Promise.all(
    ['runHistory.startRun', 'runHistory.endRun'].map(async (only) => {
      const plus = knot('plus', ({ x }: { x: number }) => x + 1);
      const plain = tapestry(unique('hangs'), (t) => ({
        end: plus({ x: t.parameter('x', z.number()) }, { id: 'end' }),
      }));
      const line = new SwitchableBackends(real);
      // Each on its own task queue: a worker that has not the tapestry of a run would refuse its steps, and the server wait longer each time.
      const client = await connectSelvage({ backends: real });
      line.inflict({ until: delay(HANGS_MS, undefined), only: [only], times: 1 });
      await startWorker(client, { tapestries: [plain], backends: line.backends });
      return { run: await client.start(plain, { x: 1 }), line };
    }),
  );
  expect(await Promise.all(runs.map(({ run }) => run.values()))).toEqual([{ end: 2 }, { end: 2 }]);
  expect(runs.map(({ line }) => line.hit)).toEqual([['runHistory.startRun'], ['runHistory.endRun']]);
});
