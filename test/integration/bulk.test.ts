import { appendFileSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { knot, subTapestry, tapestry, waitForSignal } from '../../src';
import type { BulkAction, BulkProgress, RunHandle, Selvage } from '../../src/client';
import { sampleRun } from '../../src/testing/sample-records';
import { closeAll, connectSelvage, openSelvage, temporaryFolder, unique } from '../support/open-selvage';
import { refusal } from '../support/refusal';
import { until } from '../support/until';

afterEach(closeAll);

const isBroken = { now: true };
const breaks = knot('breaks', { retry: { maximumAttempts: 1 } }, (): number => {
  if (isBroken.now) throw new Error('broken');
  return 1;
});
const breaking = tapestry('breaking', () => ({ end: breaks({}, { id: 'end' }) }));
const asking = tapestry('asking', () => ({
  approval: waitForSignal('approve', z.object({ by: z.string() }), { id: 'approval' }),
}));
const nesting = tapestry('nesting', () => ({
  inner: subTapestry({ tapestry: asking, inputs: {} }, { id: 'inner' }),
}));

beforeEach(() => {
  isBroken.now = true;
});

async function failedRuns(selvage: Selvage, count: number): Promise<string[]> {
  const runs: RunHandle<object>[] = [];
  for (let index = 0; index < count; index++) runs.push(await selvage.start(breaking, {}));
  await Promise.all(runs.map((run) => run.result()));
  return runs.map(({ runId }) => runId);
}

/** A client with a project's folder, in which bulk acts are kept. */
const open = async (): Promise<Selvage> =>
  await openSelvage({ tapestries: [breaking, asking, nesting], projectDir: await temporaryFolder() });

test('failed runs are resumed once, and an interrupted resume goes on by its id', async () => {
  const selvage = await open();
  const [reset, ...failed] = await failedRuns(selvage, 13);
  const again = { run_id: reset!, temporal_run_id: unique('reset'), status: 'succeeded' } as const;
  await selvage.backends.runHistory.startRun(
    sampleRun({ ...again, parent_run_id: null, started_at: Date.now(), finished_at: Date.now() }),
  );
  const act: BulkAction = { kind: 'resume' };
  const plan = await selvage.bulk.plan(act, { query: { status: 'failed' } });
  expect(plan.runs.map(({ runId }) => runId).sort()).toEqual([...failed].sort());
  expect(selvage.bulk.list()).toEqual([]);

  isBroken.now = false;
  const stop = new AbortController();
  const seen: BulkProgress[] = [];
  const first = await selvage.bulk.carryOut(plan, {
    concurrency: 1,
    signal: stop.signal,
    onProgress: (report) => {
      seen.push(report);
      if (report.done === 5) stop.abort();
    },
  });
  expect(first).toMatchObject({ total: 12, done: 5, failed: [], remaining: 7 });
  expect(seen.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5]);
  // As if the process had been killed after the act and before it was written down, and amid a line.
  const folder = path.join(selvage.projectDir, '.selvage', 'bulk');
  const file = path.join(folder, readdirSync(folder)[0]!);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  appendFileSync(file, '{"runId":"half');
  expect(lines).toHaveLength(6);
  const sixth = plan.runs[5]!.runId;
  const elsewhere = await selvage.resume(plan.runs[6]!.runId);

  expect(selvage.bulk.show(plan.id)).toMatchObject({ done: 5, remaining: 7 });
  const second = await selvage.bulk.continue(plan.id);
  expect(second).toMatchObject({
    total: 12,
    done: 11,
    remaining: 0,
    failed: [{ runId: plan.runs[6]!.runId, error: { code: 'AlreadyResumed' } }],
  });
  expect(await selvage.bulk.continue(plan.id)).toEqual(second);
  for (const { runId } of plan.runs) {
    const { resumedAs } = await selvage.getRun(runId).status();
    expect(resumedAs).toHaveLength(1);
    await selvage.getRun(resumedAs![0]!.runId).values();
  }
  expect((await selvage.getRun(sixth).status()).resumedAs![0]!.runId).toMatch(/^breaking~/);
  await elsewhere.values();
  expect((await selvage.bulk.plan(act, { query: {} })).runs).toEqual([]);
  await expect(selvage.bulk.continue('bulk-unknown')).rejects.toMatchObject(
    refusal('UnknownBulkAction', 'selvage bulk list'),
  );
});

test('an act that was done and not written down is not done twice', async () => {
  const selvage = await open();
  await failedRuns(selvage, 3);
  isBroken.now = false;
  const plan = await selvage.bulk.plan({ kind: 'resume' }, { query: { tapestry: 'breaking' } });
  const { done } = await selvage.bulk.carryOut(plan);
  expect(done).toBe(3);
  // The same plan in another folder has no outcomes.
  const another = await connectSelvage({
    backends: selvage.backends,
    taskQueue: selvage.taskQueue,
    projectDir: await temporaryFolder(),
  });
  expect(await another.bulk.carryOut(plan)).toMatchObject({ done: 3, failed: [] });
  for (const { runId } of plan.runs) expect((await selvage.getRun(runId).status()).resumedAs).toHaveLength(1);
});

test('unfinished runs are signalled, cancelled and terminated; nested ones go with theirs', async () => {
  const selvage = await open();
  const runs = [
    await selvage.start(asking, {}, { tags: ['a'] }),
    await selvage.start(asking, {}, { tags: ['a'] }),
    await selvage.start(asking, {}, { tags: ['b'] }),
    await selvage.start(nesting, {}, { tags: ['b'] }),
  ];
  await until('all wait', async () => (await selvage.runs.waiting()).items.length === 4);
  const signal: BulkAction = { kind: 'signal', name: 'approve', payload: { by: 'ada' } };
  const plan = await selvage.bulk.plan(signal, { query: { tag: 'a' } });
  expect(await selvage.bulk.carryOut(plan)).toMatchObject({ total: 2, done: 2, failed: [] });
  for (const run of runs.slice(0, 2)) expect(await run.values()).toEqual({ approval: { by: 'ada' } });
  // A nested run is told, too, if it is the one that waits.
  const everyone = await selvage.bulk.plan(signal, { query: {} });
  expect(everyone.runs.map(({ tapestry: name }) => name).sort()).toEqual(['asking', 'asking', 'nesting']);

  const cancel = await selvage.bulk.plan({ kind: 'cancel' }, { query: {} });
  expect(cancel.runs.map(({ runId }) => runId).sort()).toEqual([runs[2]!.runId, runs[3]!.runId].sort());
  const named = await selvage.bulk.plan({ kind: 'cancel' }, { runs: [runs[2]!.runId, 'no-such-run'] });
  expect(await selvage.bulk.carryOut(named)).toMatchObject({
    done: 1,
    remaining: 0,
    failed: [{ runId: 'no-such-run', error: { code: 'UnknownRun' } }],
  });
  expect(await runs[2]!.result()).toMatchObject({ status: 'cancelled' });
  const end = await selvage.bulk.plan({ kind: 'terminate', reason: 'enough' }, { query: { tag: 'b' } });
  expect(await selvage.bulk.carryOut(end)).toMatchObject({ total: 1, done: 1 });
  expect((await selvage.getRun(runs[3]!.runId).status()).run).toMatchObject({ status: 'terminated' });
  await until('the nested run has ended with it', async () => (await selvage.runs.waiting()).open === 0);
  await expect(selvage.bulk.plan({ kind: 'cancel' }, { query: { status: 'failed' } })).rejects.toMatchObject(
    refusal('InvalidQuery', 'unfinished'),
  );
});

test('runs that no worker has begun are ended, too', async () => {
  const client = await connectSelvage({ projectDir: await temporaryFolder() });
  for (let index = 0; index < 3; index++) await client.start(asking, {}, { runId: unique('early') });
  await until('the server lists them', async () => (await client.runs.list()).items.length === 3);
  const plan = await client.bulk.plan({ kind: 'terminate' }, { query: { tapestry: 'asking' } });
  expect(await client.bulk.carryOut(plan)).toMatchObject({ total: 3, done: 3, failed: [] });
  expect((await client.runs.waiting()).open).toBe(0);
});
