import { once } from 'node:events';

import { Runtime } from '@temporalio/worker';

import { historyOf, scheduledActivities } from '../support/history';
import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { bundledInterpreter } from '../support/workflow-bundle';
import { KNOTS_AFTER, KNOTS_BEFORE, callsIn, killed } from './processes/killed-segment';
import { startWorkerProcess } from './processes/start-worker';
import { openProjectBackends } from '../support/project-backends';

afterAll(async () => {
  await closeAll();
  // It ends with the last worker of a process, and this one has none.
  await Runtime.instance().shutdown();
});

test('kill -9 in a segment: what is committed is adopted, who may have done it goes alone, the rest in a new segment', async () => {
  const folder = await temporaryFolder();
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await connectSelvage({ backends });
  const startWorker = () => startWorkerProcess(selvage, folder, bundledInterpreter().codePath);

  const run = await selvage.start(killed, { x: 0 });
  const [, signal] = (await once(startWorker(), 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  const before = callsIn(folder);
  expect(before.at(-1)).toBe('killer');
  expect(before).toHaveLength(KNOTS_BEFORE + 2);
  // What the dead worker has committed, nobody else has yet.
  const { temporal_run_id } = (await backends.runHistory.getRun(run.runId))!;
  expect(await backends.runHistory.getRecords(temporal_run_id)).toHaveLength(KNOTS_BEFORE + 2);

  startWorker();
  expect(await run.values()).toEqual({ result: KNOTS_BEFORE + 1 + KNOTS_AFTER, beside: 1 });
  const times = new Map<string, number>();
  for (const id of callsIn(folder)) times.set(id, (times.get(id) ?? 0) + 1);
  expect(times.get('killer')).toBe(2);
  times.delete('killer');
  expect([...times.values()]).toEqual(Array.from({ length: KNOTS_BEFORE + 1 + KNOTS_AFTER }, () => 1));
  const activities = scheduledActivities(await historyOf(selvage, run.runId));
  expect(activities.map(({ id, type }) => [id, type])).toEqual([
    ['selvage.segment:1:beside', 'selvage.segment'],
    ['killer', 'killer'],
    ['selvage.segment:2:after-0', 'selvage.segment'],
  ]);
  const records = await backends.runHistory.getRecords(temporal_run_id);
  expect(records).toHaveLength(KNOTS_BEFORE + KNOTS_AFTER + 3);
  expect(records.find(({ knot_id }) => knot_id === 'killer')).toMatchObject({
    dispatcher: 'queue',
    attempt: 1,
  });
});
