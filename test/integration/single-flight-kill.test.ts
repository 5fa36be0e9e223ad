import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Runtime } from '@temporalio/worker';
import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { until } from '../support/until';
import { SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';
import { bundledInterpreter } from '../support/workflow-bundle';
import { beginnings, mayEnd } from './processes/beginnings';
import { brewing } from './processes/brewing';
import { startWorkerProcess } from './processes/start-worker';
import { openProjectBackends } from '../support/project-backends';

const START_MS = 60_000;

afterEach(closeAll);
afterAll(async () => {
  // It ends with the last worker of a process, and this one has none.
  await Runtime.instance().shutdown();
});

test.each([
  // The server takes a worker for lost after 30 s, here.
  ['whose lease runs out before it is missed: the other makes it', 'other', 2_000, {}],
  // And soon, here.
  [
    'that is missed before its lease runs out: it is made again under that',
    'killed',
    120_000,
    SHORT_HEARTBEAT_TIMEOUT,
  ],
] as const)(
  'kill -9 of the worker that makes a value for two runs, %s, and one takes it from the other',
  async (_, expected, leaseTtl, runLimits) => {
    const folder = await temporaryFolder();
    const backends = await openProjectBackends(folder);
    onClose(() => backends.close());
    const selvage = await connectSelvage({ backends, runLimits });
    const startWorker = () => startWorkerProcess(selvage, folder, bundledInterpreter().codePath, leaseTtl);

    const doomed = startWorker();
    const killed = await selvage.start(brewing, {});
    await until('its body runs', () => beginnings(folder).length === 1, START_MS);
    const survivor = startWorker();
    const other = await selvage.start(brewing, {});
    const reason = await until(
      'the other run waits for the value',
      async () => {
        const [knot] = (await other.status()).waiting?.knots ?? [];
        return knot?.reason.code === 'ValueInMaking' ? knot.reason : undefined;
      },
      START_MS,
    );
    expect(reason.message).toContain(`knot "tea" of run "${killed.runId}" is making it`);
    expect(beginnings(folder)).toMatchObject([{ run: killed.runId, pid: doomed.pid }]);

    doomed.kill('SIGKILL');
    const [, signal] = (await once(doomed, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    await until('a body runs again', () => beginnings(folder).length === 2, START_MS);
    const [maker, taker] = expected === 'other' ? [other, killed] : [killed, other];
    expect(beginnings(folder)[1]).toMatchObject({ run: maker.runId, pid: survivor.pid });
    writeFileSync(mayEnd(folder, 'tea'), '');
    expect(await maker.values()).toEqual({ tea: 'a pot of tea' });
    expect(await taker.values()).toEqual({ tea: 'a pot of tea' });

    // One body that was killed, and one that made the value.
    expect(beginnings(folder)).toHaveLength(2);
    const recordOf = async (run: typeof maker) => (await run.lineage({ knotId: 'tea' })).items;
    const [[made], [taken]] = await Promise.all([recordOf(maker), recordOf(taker)]);
    expect(made).toMatchObject({ outcome: 'ok', cached_from_run: null });
    expect(taken).toMatchObject({
      outcome: 'ok',
      cached_from_run: maker.runId,
      output_hash: made!.output_hash,
    });
    expect(await recordOf(taker)).toHaveLength(1);
    expect(await backends.leaseTable.holders(`cache:${made!.cache_key}`)).toEqual([]);
  },
  240_000,
);
