import { randomUUID } from 'node:crypto';
import { knot, tapestry } from '../../src';
import type { Selvage } from '../../src/client';
import { connectSelvage, selvageForAll, startWorker, unique } from '../support/open-selvage';
import { until } from '../support/until';

const wait = knot('wait', async (_: object, { signal }) => {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
});
const waiting = tapestry('waiting', () => ({ waited: wait({}, { id: 'waited' }) }));
const shared = selvageForAll({ tapestries: [waiting] });

test('a starting worker ends the records of runs that ended without a word', async () => {
  const selvage = shared();
  const run = await selvage.start(waiting, {});
  await until(
    'the run is on record',
    async () => (await selvage.backends.runHistory.getRun(run.runId)) !== undefined,
  );
  await selvage.client.workflow.getHandle(run.runId).terminate('by other means');
  expect(await selvage.backends.runHistory.getRun(run.runId)).toMatchObject({ status: 'running' });

  await startWorker(selvage, { tapestries: [waiting] });
  await until(
    'the record says terminated',
    async () => (await selvage.backends.runHistory.getRun(run.runId))?.status === 'terminated',
  );
});

test.each([
  ['a listing', async (selvage: Selvage) => void (await selvage.listRuns())],
  ['status()', async (selvage: Selvage, runId: string) => void (await selvage.getRun(runId).status())],
  ['result()', async (selvage: Selvage, runId: string) => void (await selvage.getRun(runId).result())],
  ['another terminate()', async (selvage: Selvage, runId: string) => await selvage.getRun(runId).terminate()],
])(
  '%s ends the record of a run that was terminated by other means, and keeps the reason',
  async (_, look) => {
    const selvage = shared();
    const run = await selvage.start(waiting, {});
    const { runHistory } = selvage.backends;
    await until('the run is on record', () => runHistory.getRun(run.runId));
    await selvage.client.workflow.getHandle(run.runId).terminate('by other means');
    await look(selvage, run.runId);
    expect(await runHistory.getRun(run.runId)).toMatchObject({
      status: 'terminated',
      finished_at: expect.any(Number),
      environment: { error: { type: 'RunTerminated', message: expect.stringContaining('(by other means)') } },
    });
  },
);

test('a run of another server is left alone, one of this server that is gone is not', async () => {
  const selvage = shared();
  const run = await selvage.start(waiting, {});
  const real = await until('the run is on record', () => selvage.backends.runHistory.getRun(run.runId));
  const { server } = real.environment as { server?: string };
  expect(server).toMatch(/\/default$/);
  const made = (environment: object) => ({
    ...real,
    run_id: unique('gone'),
    temporal_run_id: randomUUID(),
    environment,
  });
  const here = made({ server });
  const elsewhere = made({ server: 'another-cluster/default' });
  for (const record of [here, elsewhere]) await selvage.backends.runHistory.startRun({ ...record } as never);

  const client = await connectSelvage({ backends: selvage.backends });
  const statuses = new Map((await client.listRuns()).items.map((item) => [item.run_id, item.status]));
  expect(statuses.get(here.run_id)).toBe('terminated');
  expect(statuses.get(elsewhere.run_id)).toBe('running');
  await run.terminate();
});
