import { closeAll, connectSelvage, onClose } from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { startTestServer } from '../support/temporal-server';
import { until } from '../support/until';
import { waitsForWord } from './tapestries';
import { WorkerProcess } from './worker-process';
import { openProjectBackends } from '../support/project-backends';

afterEach(closeAll);

test('kill -9 of the worker and of the server while knots wait: they wait on, and take what comes', async () => {
  const { address, projectDir: folder, server, stop } = await startTestServer();
  onClose(stop);
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await connectSelvage({ address, backends });
  const startWorker = async (identity: string): Promise<WorkerProcess> => {
    const taskQueue = selvage.taskQueue!;
    const worker = await WorkerProcess.start({ address, taskQueue, projectDir: folder, identity });
    onClose(async () => void (await worker.kill()));
    return worker;
  };
  const first = await startWorker('first');
  const run = await selvage.start(waitsForWord, {});
  await until('both wait', async () => (await run.status()).live?.waits?.length === 2);
  await first.kill();
  const killed = server.pid;
  process.kill(killed, 'SIGKILL');
  await until('another server process serves', () => server.pid !== killed);

  const { waiting } = await until('the server answers', () => run.status().catch(() => undefined));
  const reasons = Object.fromEntries(
    waiting!.knots.map(({ knotId, state, reason }) => [knotId, [state, reason.code]]),
  );
  expect(reasons).toMatchObject({ word: ['waiting', 'Signal'], slept: ['waiting', 'Time'] });
  await startWorker('second');
  const wrong = await until('a worker answers', async () => {
    const error = await rejectionOf(run.signal('word', 'ten'));
    return (error as { code?: string }).code === 'InvalidSignal' ? error : undefined;
  });
  expect(wrong).toMatchObject({ message: expect.stringContaining('"word"') });
  expect(await run.signal('word', 10)).toEqual({ takenBy: 'word' });
  expect(await run.values()).toEqual({ sum: 11 });
  const records = await run.lineage();
  expect(new Set(records.map(({ knot_id: id }) => id)).size).toBe(records.length);
});
