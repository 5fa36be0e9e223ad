import { randomUUID } from 'node:crypto';
import { knot, tapestry } from '../../src';
import type { Selvage } from '../../src/client';
import { keepSettled } from '../../src/connection/settle-runs';
import type { RunHistory } from '../../src/ports';
import { connectSelvage, selvageForAll, startWorker, unique } from '../support/open-selvage';
import { until } from '../support/until';
import { withMethods } from '../support/with-methods';

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

/** A run that was terminated by other means, which its record does not say. */
async function cutShort(selvage: Selvage): Promise<string> {
  const { runId } = await selvage.start(waiting, {});
  await until('the run is on record', () => selvage.backends.runHistory.getRun(runId));
  await selvage.client.workflow.getHandle(runId).terminate('by other means');
  return runId;
}

const TERMINATED = {
  status: 'terminated',
  finished_at: expect.any(Number) as number,
  details: {
    error: { type: 'RunTerminated', message: expect.stringContaining('(by other means)') as string },
  },
};

test.each([
  [
    'a listing',
    async (selvage: Selvage, id: string) =>
      (await selvage.runs.list()).items.find(({ run_id }) => run_id === id),
  ],
  ['status()', async (selvage: Selvage, id: string) => (await selvage.getRun(id).status()).run],
  ['knot()', async (selvage: Selvage, id: string) => (await selvage.getRun(id).knot('waited')).run],
])('%s says how a run ended that was terminated by other means, and leaves its record', async (_, look) => {
  const selvage = shared();
  const runId = await cutShort(selvage);
  expect(await look(selvage, runId)).toMatchObject(TERMINATED);
  expect(await selvage.getRun(runId).result()).toMatchObject({ status: 'terminated', ...TERMINATED.details });
  expect(await selvage.backends.runHistory.getRun(runId)).toMatchObject({ status: 'running' });
});

test('another terminate() ends the record of a run that was terminated by other means', async () => {
  const selvage = shared();
  const runId = await cutShort(selvage);
  await selvage.getRun(runId).terminate();
  expect(await selvage.backends.runHistory.getRun(runId)).toMatchObject(TERMINATED);
});

test('records are settled again and again, also after a time in which the backends were away', async () => {
  const selvage = shared();
  const { backends } = selvage;
  const { runHistory } = backends;
  const stop = new AbortController();
  const troubles: unknown[] = [];
  let isAway = true;
  const listRuns: RunHistory['listRuns'] = async (query) => {
    if (isAway) throw new Error('away');
    return await runHistory.listRuns(query);
  };
  const settling = keepSettled(
    { ...backends, runHistory: withMethods(runHistory, { listRuns }) },
    selvage.client.workflow,
    stop.signal,
    (error) => troubles.push(error),
    () => false,
    100,
  );
  const isSettled = (runId: string) => async (): Promise<boolean> =>
    (await runHistory.getRun(runId))?.status === 'terminated';
  const before = await cutShort(selvage);
  await until('it was tried', () => troubles.length > 0);
  isAway = false;
  await until('the first is settled', isSettled(before));
  await until('the second is settled', isSettled(await cutShort(selvage)));
  stop.abort();
  await settling;
});

test('a listing by status has the runs that were ended by other means, however many are on record as running', async () => {
  const selvage = shared();
  const { runHistory } = selvage.backends;
  const tag = unique('ended');
  const [works, ended] = await Promise.all(
    [1, 2].map(async () => {
      const run = await selvage.start(waiting, {}, { tags: [tag] });
      await until('the run is on record', () => runHistory.getRun(run.runId));
      return run;
    }),
  );
  await selvage.client.workflow.getHandle(ended!.runId).terminate('by other means');
  // A listing stops comparing after some seconds, which a slow machine may need; the next one goes on.
  const listed = (limit: number): Promise<string[]> =>
    until('all that was on record as running is compared', async () => {
      const { items, comparedSince } = await selvage.runs.list({ status: 'terminated', tag, limit });
      return comparedSince === undefined ? items.map((run) => run.run_id) : undefined;
    });
  expect(await listed(10)).toEqual([ended!.runId]);

  // Newer ones, more than are asked for one by one, which the server does not know.
  const real = (await runHistory.getRun(works!.runId))!;
  const gone = Array.from({ length: 150 }, (_, at) => ({
    ...real,
    run_id: `${tag}-${at}`,
    temporal_run_id: randomUUID(),
    started_at: real.started_at + 1 + at,
  }));
  for (const record of gone) await runHistory.startRun(record);
  expect((await listed(200)).sort()).toEqual([ended!.runId, ...gone.map((run) => run.run_id)].sort());
  expect(await runHistory.getRun(works!.runId)).toMatchObject({ status: 'running' });
  await works!.terminate();
});

test('a run of another server is left alone, one of this server that is gone is not', async () => {
  const selvage = shared();
  const run = await selvage.start(waiting, {});
  const real = await until('the run is on record', () => selvage.backends.runHistory.getRun(run.runId));
  const { server } = real.details as { server?: string };
  expect(server).toMatch(/\/default$/);
  const made = (details: object) => ({
    ...real,
    run_id: unique('gone'),
    temporal_run_id: randomUUID(),
    details,
  });
  const here = made({ server });
  const elsewhere = made({ server: 'another-cluster/default' });
  for (const record of [here, elsewhere]) await selvage.backends.runHistory.startRun({ ...record } as never);

  const client = await connectSelvage({ backends: selvage.backends });
  const statuses = new Map((await client.runs.list()).items.map((item) => [item.run_id, item.status]));
  expect(statuses.get(here.run_id)).toBe('terminated');
  expect(statuses.get(elsewhere.run_id)).toBe('running');
  await run.terminate();
});
