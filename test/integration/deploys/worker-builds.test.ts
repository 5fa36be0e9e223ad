import { knot, tapestry } from '../../../src';
import type { Selvage } from '../../../src/client';
import { startWorker, connectSelvage, closeAll, unique } from '../../support/open-selvage';
import { until } from '../../support/until';

const held = knot('held', async (_: object, { signal }) => {
  await new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('The worker stops.')), { once: true }),
  );
});
const pinned = tapestry('pinned', () => ({ held: held({}, { id: 'held' }) }));

afterEach(closeAll);

const build = (deploymentName: string, buildId: string) => ({
  identity: `${buildId}@${deploymentName}`,
  shutdownGraceTime: 1,
  workerDeploymentOptions: {
    useWorkerVersioning: true as const,
    version: { deploymentName, buildId },
    defaultVersioningBehavior: 'PINNED' as const,
  },
});

/** The server hears of a build by the polls of its workers. */
async function makeCurrent({ client }: Selvage, deploymentName: string, buildId: string): Promise<void> {
  const { workflowService, options } = client.workflow;
  await until(`build ${buildId} is current`, async () => {
    try {
      await workflowService.setWorkerDeploymentCurrentVersion({
        namespace: options.namespace,
        deploymentName,
        buildId,
      });
      return true;
    } catch {
      return false;
    }
  });
}

test('a run that waits for a build of the workers that is gone says which, and which there are', async () => {
  const selvage = await connectSelvage();
  const app = unique('app');
  const queue = `task queue "${selvage.taskQueue!}"`;
  const first = await startWorker(selvage, { tapestries: [pinned], ...build(app, '1') });
  const run = await selvage.start(pinned, {});
  const stepOf = async () => (await run.status()).waiting?.workflowTask;
  await until('the worker is seen', async () => (await stepOf())?.message.includes('build "1"'));
  expect(await stepOf()).toMatchObject({
    code: 'NoWorker',
    message: `no worker without a build, and no build is current in Temporal, polls ${queue}; there are build "1" of deployment "${app}"`,
  });

  await makeCurrent(selvage, app, '1');
  await until('the body runs', async () => (await run.status()).live?.running.includes('held'));
  await startWorker(selvage, { tapestries: [pinned], ...build(app, '2') });
  await makeCurrent(selvage, app, '2');
  await first.stop();
  const knot = await until('its knot is to run again', async () => {
    const { knots = [] } = (await run.status()).waiting ?? {};
    return knots.find(({ reason }) => reason.code === 'NoWorker');
  });
  // Until it is known that the first one has stopped, it may be busy.
  const words =
    /^no worker of build "1" of .*, to which the run is pinned, .*; there are build "2" of deployment "[^"]+"$/;
  expect(knot).toMatchObject({ knotId: 'held', reason: { message: expect.stringMatching(words) } });
  await run.cancel();
  expect(await until('the cancel waits', stepOf)).toMatchObject({
    code: 'NoWorker',
    message: expect.stringMatching(words),
  });
  await run.terminate();
});
