import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { Runtime } from '@temporalio/worker';

import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { until } from '../support/until';
import { SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';
import { bundledInterpreter } from '../support/workflow-bundle';
import { THIRD_MAY_END, killedNested, stepCallsIn } from './processes/nested';
import { startWorkerProcess } from './processes/start-worker';
import { openProjectBackends } from '../support/project-backends';

afterAll(async () => {
  await closeAll();
  // It ends with the last worker of a process, and this one has none.
  await Runtime.instance().shutdown();
});

test('kill -9 in the middle of a loop in a nested tapestry: finished iterations do not run again', async () => {
  const folder = await temporaryFolder();
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await connectSelvage({ backends, runLimits: SHORT_HEARTBEAT_TIMEOUT });
  const startWorker = () => startWorkerProcess(selvage, folder, bundledInterpreter().codePath);

  const first = startWorker();
  const run = await selvage.start(killedNested, { x: 0 });
  await until('the third step runs', () => stepCallsIn(folder).length === 3, 120_000);
  first.kill('SIGKILL');
  await once(first, 'exit');

  startWorker();
  await until('the third step runs again', () => stepCallsIn(folder).length === 4, 120_000);
  writeFileSync(path.join(folder, THIRD_MAY_END), '');
  expect(await run.values()).toEqual({ counted: { last: { x: 5 } } });
  expect(stepCallsIn(folder)).toEqual([0, 1, 2, 2, 3, 4]);
  const loopRun = `${run.runId}/counted#1`;
  const [record] = (await selvage.getRun(loopRun).lineage({ knotId: 'loop' })).items;
  expect(record!.extra).toMatchObject({ child_run: { run_id: `${loopRun}/loop#5` }, iterations: 5 });
}, 300_000);
