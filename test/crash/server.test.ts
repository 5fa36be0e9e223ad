import { existsSync, writeFileSync } from 'node:fs';

import { closeAll, connectSelvage, onClose } from '../support/open-selvage';
import { startTestServer } from '../support/temporal-server';
import { until } from '../support/until';
import { LONG_RESULT, beganFile, goFile, long } from './tapestries';
import { WorkerProcess } from './worker-process';
import { openProjectBackends } from '../support/project-backends';

afterEach(closeAll);

test('a server that is killed in mid-run comes back with its state, and the run ends as if nothing had been', async () => {
  const { address, projectDir: folder, server, stop } = await startTestServer();
  onClose(stop);
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await connectSelvage({ address, backends });
  const worker = await WorkerProcess.start({
    address,
    taskQueue: selvage.taskQueue,
    projectDir: folder,
    identity: 'worker',
  });
  onClose(async () => void (await worker.kill()));

  const run = await selvage.start(long, { root: folder });
  // A client that waits through all of it.
  const values = run.values();
  values.catch(() => {});
  await until('the step in the middle has begun', () => existsSync(beganFile(folder, 'waiting', 1)));
  const killed = server.pid;
  process.kill(killed, 'SIGKILL');
  await until('the server is gone', () => {
    try {
      process.kill(killed, 0);
      return false;
    } catch {
      return true;
    }
  });
  // The body ends while there may be no server to tell.
  writeFileSync(goFile(folder, 'waiting', 1), '');
  await until('another server process serves', () => server.pid !== killed);
  expect(server.address).toBe(address);
  expect(await values).toEqual({ step: LONG_RESULT });
  const { items } = await run.lineage({ limit: 1_000 });
  expect(new Set(items.map(({ knot_id }) => knot_id)).size).toBe(items.length);
  expect(items.every(({ outcome }) => outcome === 'ok')).toBe(true);
  expect((await run.status()).run.status).toBe('succeeded');
});
