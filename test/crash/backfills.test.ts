import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { openProjectBackends } from '../support/project-backends';
import { SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';
import { until } from '../support/until';
import { PARTITIONS, QUICK_PARTITIONS, goFile, partitioned } from './tapestries';
import { WorkerProcess } from './worker-process';

afterAll(closeAll);

const MAX = 3;

test('a backfill whose worker is killed in the middle loses no partition and makes none twice', async () => {
  const folder = await temporaryFolder();
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await connectSelvage({ backends, runLimits: SHORT_HEARTBEAT_TIMEOUT });
  const startWorker = async (identity: string): Promise<WorkerProcess> => {
    const { address } = selvage.location;
    const orders = { address, taskQueue: selvage.taskQueue!, projectDir: folder, identity };
    const worker = await WorkerProcess.start(orders);
    onClose(async () => void (await worker.kill()));
    return worker;
  };
  /** On a slow machine, a late beat lets a partition begin once more. */
  const begun = (): Set<string> => {
    const file = path.join(folder, 'partitions');
    return new Set(existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
  };

  const first = await startWorker('first');
  const run = await selvage.partitions.backfill(partitioned, {
    concurrency: MAX,
    parameters: { root: folder },
  });
  await until('some are made, and others under way', () => begun().size === QUICK_PARTITIONS + MAX);
  expect(await first.kill()).toBe('SIGKILL');
  const before = await selvage.runs.list({ tapestry: 'partitioned', limit: 100 });
  expect(before.items.filter(({ status }) => status === 'running')).toHaveLength(MAX);
  writeFileSync(goFile(folder, 'backfill', 1), '');
  await startWorker('second');

  const { report } = await run.values();
  expect(report).toMatchObject({ partitions: PARTITIONS.length, ok: PARTITIONS.length, awaited: 0 });
  const { items } = await selvage.runs.list({ tapestry: 'partitioned', limit: 100 });
  expect(items.map(({ run_id, status }) => `${run_id} ${status}`).sort()).toEqual(
    PARTITIONS.map((key) => `partitioned/${key} succeeded`),
  );
  const entries = await backends.startLedger.list({ trigger: 'partition:partitioned', limit: 100 });
  expect(entries.items.map(({ key }) => key).sort()).toEqual(PARTITIONS);
  expect(entries.items.filter(({ startedAt }) => startedAt === null)).toEqual([]);
});
