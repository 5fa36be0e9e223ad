import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { Runtime } from '@temporalio/worker';

import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { until } from '../support/until';
import { LOW_HISTORY_BUDGET, SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';
import { bundledInterpreter } from '../support/workflow-bundle';
import { PERMISSION, killedBeside, slowCallsIn } from './processes/killed-beside';
import { startWorkerProcess } from './processes/start-worker';
import { openProjectBackends } from '../support/project-backends';

afterAll(async () => {
  await closeAll();
  // It ends with the last worker of a process, and this one has none.
  await Runtime.instance().shutdown();
});

test('kill -9 while a slow knot is in a child run and its run has continued as new', async () => {
  const folder = await temporaryFolder();
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await connectSelvage({
    backends,
    runLimits: { ...LOW_HISTORY_BUDGET, ...SHORT_HEARTBEAT_TIMEOUT },
  });
  const startWorker = () => startWorkerProcess(selvage, folder, bundledInterpreter().codePath);

  const first = startWorker();
  const run = await selvage.start(killedBeside, { x: 2 });
  await until(
    'only the slow knot is left',
    async () => (await run.status().catch(() => undefined))?.live?.counts.waiting === 1,
    120_000,
  );
  const { temporal_run_id: firstRunId } = (await run.status()).run;
  const { runId: present } = await selvage.client.workflow.getHandle(run.runId).describe();
  expect(present).not.toBe(firstRunId);
  expect(slowCallsIn(folder)).toBe(1);
  first.kill('SIGKILL');
  await once(first, 'exit');

  startWorker();
  await until('the slow knot runs again', () => slowCallsIn(folder) === 2, 120_000);
  writeFileSync(path.join(folder, PERMISSION), '');
  expect(await run.values()).toEqual({ sum: expect.any(Number) });
  const [record] = await backends.runHistory.getRecords(firstRunId, ['slow']);
  expect(record).toMatchObject({ run_id: run.runId, outcome: 'ok', attempt: 2 });
}, 300_000);
