import Redis from 'iovalkey';

import { celery, runLocally } from '../../src';
import { closedPort } from '../support/listening';
import { selvageForAll, temporaryFolder, unique } from '../support/open-selvage';
import { clusterPython, describeWithClusters, PYTHON_BODIES } from '../support/python-environment';
import { startPython, type PythonProgram } from '../support/python-program';
import { refusal } from '../support/refusal';
import { describeWith, valkeyService } from '../support/services';
import { until } from '../support/until';
import { describeKills } from './kills';
import { inPython } from './parity/bodies';
import { describeParity } from './parity/suite';
import { CLUSTER_ELEMENTS, parityOn, type Parity } from './parity/tapestries';
import {
  begun,
  describeCluster,
  expectLostWorker,
  lonely,
  tapestriesOn,
  type ClusterTapestries,
} from './suite';

const describeAll = describeWithClusters() === describe ? describeWith('valkey') : describe.skip;

describeAll('celery()', () => {
  const python = (): { interpreter: string; path: string[] } => ({
    interpreter: clusterPython(),
    path: [PYTHON_BODIES],
  });
  const queue = unique('celery');
  let broker: string;
  let worker: PythonProgram;
  let tapestries: ClusterTapestries;
  let parity: Parity;
  let redis: Redis;
  const startWorker = async (): Promise<void> => {
    const args = ['--broker', broker, '--queue', queue, '--concurrency', '2'];
    worker = await startPython(['-m', 'selvage', 'celery-worker', ...args], /\[queues\]/);
  };

  const selvage = selvageForAll(async () => {
    broker = await valkeyService();
    redis = new Redis(broker);
    await startWorker();
    const host = celery({ ...python(), broker, queue });
    tapestries = tapestriesOn(host);
    parity = parityOn(inPython, { host });
    return { tapestries: [...Object.values(tapestries), ...parity.tapestries] };
  });
  afterAll(async () => {
    await worker.kill();
    await redis.quit();
  });

  describeCluster(selvage, () => tapestries);
  describeParity(selvage, () => parity, CLUSTER_ELEMENTS);
  describeKills('celery', () => ({ ...python(), broker, queue }));

  test('a worker that is killed with all its processes is found by its silence', async () => {
    await expectLostWorker(selvage(), tapestries, async () => {
      await worker.kill();
      await startWorker();
    });
  });

  test('a large input of several knots is brought once', async () => {
    const before = await redis.keys('selvage:celery:part:*');
    const run = await selvage().start(tapestries.large, { length: 8_500_000 }, { runId: unique('large') });
    await run.result();
    expect(await redis.keys('selvage:celery:part:*')).toHaveLength(before.length + 1);
  });

  test('a call that the broker delivers twice runs once', async () => {
    await worker.kill();
    const folder = await temporaryFolder();
    const run = await selvage().start(tapestries.cancelled, { folder }, { runId: unique('twice') });
    const message = await until('the call waits in its queue', () => redis.lindex(queue, 0));
    await redis.rpush(queue, message);
    await startWorker();
    await until('both are taken', async () => (await redis.llen(queue)) === 0 && begun(folder, 'waits') > 0);
    await run.cancel();
    await run.result();
    expect(begun(folder, 'waits')).toBe(1);
  });

  test('a broker that is not there is named, without its password', async () => {
    const port = await closedPort();
    const dispatcher = celery({ ...python(), broker: `redis://user:secret@127.0.0.1:${port}/0` });
    const run = runLocally(lonely(dispatcher), {});
    await expect(run).rejects.toMatchObject(refusal('HostNotUsable', `redis://user:***@127.0.0.1:${port}/0`));
    await expect(run).rejects.not.toMatchObject(refusal('HostNotUsable', 'secret'));
  });
});
