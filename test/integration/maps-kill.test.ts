import { once } from 'node:events';

import { Runtime } from '@temporalio/worker';

import { runLocally } from '../../src';
import { historyOf } from '../support/history';
import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { bundledInterpreter } from '../support/workflow-bundle';
import { callsOfElements, killedMaps, killerIn } from './processes/killed-map';
import { startWorkerProcess } from './processes/start-worker';
import { openProjectBackends } from '../support/project-backends';

afterEach(closeAll);
afterAll(async () => {
  // It ends with the last worker of a process, and this one has none.
  await Runtime.instance().shutdown();
});

test.each(Object.entries(killedMaps))(
  'kill -9 in the middle of a map (%s): what is committed is not run again, and the value is the same',
  async (_, { shape, elements, killingCall, concurrency, batch, parts }) => {
    const folder = await temporaryFolder();
    const backends = await openProjectBackends(folder);
    onClose(() => backends.close());
    const selvage = await connectSelvage({ backends });
    const startWorker = () => startWorkerProcess(selvage, folder, bundledInterpreter().codePath);

    const run = await selvage.start(shape, {});
    const [, signal] = (await once(startWorker(), 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    const { temporal_run_id } = (await backends.runHistory.getRun(run.runId))!;
    const isElement = ({ knot_id }: { knot_id: string }): boolean => knot_id.startsWith('doubled[');
    const committed = (await backends.runHistory.getRecords(temporal_run_id)).filter(isElement);
    // What ran beside the killer, or in its batch, may have been lost with it.
    expect(committed.length).toBeGreaterThanOrEqual(killingCall - concurrency - batch);
    expect(committed.length).toBeLessThan(elements);

    startWorker();
    const expected = Array.from({ length: elements }, (_element, x) => 2 * x);
    expect(await run.values()).toEqual({ doubled: expected });
    const times = callsOfElements(folder);
    expect(times.get(killerIn(folder))).toBe(2);
    for (const { knot_id } of committed)
      expect([knot_id, times.get(Number(/\d+/.exec(knot_id)![0]))]).toEqual([knot_id, 1]);
    // As many as may run at once: the killer, and those beside it.
    expect([...times.values()].filter((calls) => calls > 1).length).toBeLessThanOrEqual(concurrency);
    const records = await backends.runHistory.getRecords(temporal_run_id);
    expect(records.filter(isElement)).toHaveLength(elements);
    if (parts !== undefined) {
      const events = await historyOf(selvage, `${run.runId}/doubled`);
      const begun = events.filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
      expect(begun).toHaveLength(parts);
    }
    // In this process the killer is harmless by now.
    process.env['SELVAGE_TEST_NOTES'] = folder;
    const here = await runLocally(shape, {});
    delete process.env['SELVAGE_TEST_NOTES'];
    const hashOf = (list: readonly { knot_id: string; output_hash: string | null }[]) =>
      list.find(({ knot_id }) => knot_id === 'doubled')!.output_hash;
    expect(hashOf(records)).toBe(hashOf(here.lineage));
  },
  180_000,
);
