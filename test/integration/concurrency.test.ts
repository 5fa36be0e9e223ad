import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

import type { Selvage } from '../../src/client';
import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { until } from '../support/until';
import { bundledInterpreter } from '../support/workflow-bundle';
import { beginnings, mayEnd } from './processes/beginnings';
import {
  CROWD,
  LIMIT,
  RATE,
  RATED,
  alsoCrowded,
  atRate,
  crowded,
  crowdedMap,
  crowdsSeen,
  holding,
  next,
} from './processes/limited';
import { startWorkerProcess } from './processes/start-worker';
import { openProjectBackends } from '../support/project-backends';

afterEach(closeAll);

/** Of `temporal.api.enums.v1.PendingActivityState`. */
const STARTED = 2;
/** The shortest that there is. */
const LEASE_MS = 1_000;

interface Scene {
  readonly folder: string;
  readonly selvage: Selvage;
}

async function setUp(): Promise<Scene> {
  const folder = await temporaryFolder();
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  return { folder, selvage: await connectSelvage({ backends }) };
}

test('over several runs, tapestries, elements of a map and workers no more bodies run at once than maxConcurrent says', async () => {
  const { folder, selvage } = await setUp();
  const { codePath } = bundledInterpreter();
  for (let worker = 0; worker < 2; worker++) startWorkerProcess(selvage, folder, codePath);
  const runs = await Promise.all(
    [crowded, crowded, alsoCrowded, crowdedMap].map((work) => selvage.start(work, {})),
  );
  for (const run of runs) expect((await run.result()).status).toBe('succeeded');
  const crowds = crowdsSeen(folder);
  expect(crowds).toHaveLength(runs.length * CROWD);
  expect(Math.max(...crowds)).toBe(LIMIT);
  expect(await selvage.backends.leaseTable.holders('limit:crowd')).toEqual([]);
}, 120_000);

test('kill -9 of the worker that has the place: the next knot gets it when the lease has run out', async () => {
  const { folder, selvage } = await setUp();
  // The lease runs out long before the server takes the worker for lost, and gives the knot to another one, which would have the place again.
  const startWorker = () => startWorkerProcess(selvage, folder, bundledInterpreter().codePath, LEASE_MS);
  const began = (knot: string) => beginnings(folder).filter((beginning) => beginning.knot === knot);

  const first = startWorker();
  const held = await selvage.start(holding, {});
  await until('the first one has the place', () => began('holder').length === 1, 60_000);
  const second = startWorker();
  const waits = await selvage.start(next, {});
  const reason = await until(
    'the next one waits for it',
    async () => {
      const [knot] = (await waits.status()).waiting?.knots ?? [];
      return knot?.reason.code === 'LimitReached' ? knot : undefined;
    },
    60_000,
  );
  expect(reason).toMatchObject({ knotId: 'next', state: 'queued' });
  expect(reason.reason.message).toBe(
    `waits for a place of limit "permitted": 1 of 1 are taken by knot "holder" of run "${held.runId}"`,
  );
  await until('it has been held for longer than a lease lives that is not renewed', async () => {
    const [holder] = await selvage.backends.leaseTable.holders('limit:permitted');
    return holder!.heldFor > 2 * LEASE_MS;
  });
  expect(began('next')).toEqual([]);
  // Where it asked the one that is killed, it would be lost with that, and the server would find out too late.
  await until(
    'the next one asks the other worker',
    async () => {
      const { raw } = await selvage.client.workflow.getHandle(waits.runId).describe();
      const [asking] = raw.pendingActivities ?? [];
      return asking?.state === STARTED && asking.lastWorkerIdentity?.startsWith(`${second.pid}@`);
    },
    60_000,
  );

  first.kill('SIGKILL');
  await once(first, 'exit');
  await until('the next one has the place', () => began('next').length === 1, 60_000);
  expect(began('next')).toMatchObject([{ pid: second.pid }]);
  writeFileSync(mayEnd(folder, 'next'), '');
  expect((await waits.result()).status).toBe('succeeded');
  await held.terminate();
}, 240_000);

test('over two workers no more bodies begin than ratePerSecond says', async () => {
  const { folder, selvage } = await setUp();
  const { codePath } = bundledInterpreter();
  for (let worker = 0; worker < 2; worker++) startWorkerProcess(selvage, folder, codePath);
  const runs = await Promise.all([atRate, atRate].map((work) => selvage.start(work, {})));
  for (const run of runs) expect((await run.result()).status).toBe('succeeded');
  const times = beginnings(folder)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
  expect(times).toHaveLength(runs.length * RATED);
  // A body may begin late, and so less than the interval before the one after it; but what has begun in all is never more than the rate allows.
  const lateness = 200;
  times.forEach((at, index) => {
    expect(at - times[0]!).toBeGreaterThanOrEqual((index * 1_000) / RATE - lateness);
  });
}, 120_000);
