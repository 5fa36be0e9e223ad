import { z } from 'zod';

import { knot, loop, map, subTapestry, tapestry, waitForSignal, type Knot } from '../../src';
import type { Selvage } from '../../src/client';
import { replayRun, type ReplayedExecution } from '../../src/worker';
import { historyOf } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { connectSelvage, onClose, selvageForAll, startWorker, unique } from '../support/open-selvage';
import { resetRun } from '../support/reset-run';
import { until } from '../support/until';
import { bundleOfNewerVersion, bundledInterpreter } from '../support/workflow-bundle';
import { refusal } from '../support/refusal';

async function replay(selvage: Selvage, runId: string): Promise<ReplayedExecution[]> {
  const executions: ReplayedExecution[] = [];
  const options = { workflows: { workflowBundle: bundledInterpreter() } };
  for await (const execution of replayRun(selvage.client, runId, options)) executions.push(execution);
  return executions;
}

const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const total = knot('total', (inputs: Record<string, number>) =>
  Object.values(inputs).reduce((a, b) => a + b, 0),
);

const ids = Array.from({ length: 60 }, (_, n) => `n${n}`);
const asked = tapestry('asked', (t) => {
  const x = t.parameter('x', z.number());
  const taken = ids.map((id) => [id, waitForSignal('n', z.number(), { id })] as const);
  let last: Knot<number> = inc({ x }, { id: 'k0' });
  for (let k = 1; k < 60; k++) last = inc({ x: last }, { id: `k${k}` });
  return { last, sum: total(Object.fromEntries(taken), { id: 'sum' }) };
});
const resettable = tapestry('resettable', () => ({
  last: inc({ x: inc({ x: 1 }, { id: 'first' }) }, { id: 'last' }),
}));
const text = knot('text', ({ start }: { start: number }) => `${start}`.padEnd(2_000, '.'));
const lengthOf = knot('lengthOf', (inputs: Record<string, string>) => Object.values(inputs).join().length);
const heavy = tapestry('heavy', () => {
  const inline: Record<string, Knot<string>> = {};
  for (let n = 0; n < 30; n++) inline[`s${n}`] = text({ start: n }, { id: `s${n}` });
  const all: Record<string, Knot<number>> = {};
  for (let n = 0; n < 90; n++) all[`c${n}`] = lengthOf(inline, { id: `c${n}` });
  return { sum: total(all, { id: 'sum' }) };
});
const counted = tapestry('counted', (t) => ({ n: inc({ x: t.parameter('n', z.number()) }, { id: 'next' }) }));
const nesting = tapestry('nesting', () => {
  const list = knot('list', () => Array.from({ length: 510 }, (_, n) => n))({}, { id: 'list' });
  return {
    mapped: map({ over: list, each: ({ element }) => element + 1 }, { id: 'mapped' }),
    nested: subTapestry({ tapestry: counted, inputs: { n: 1 } }, { id: 'nested' }),
    looped: loop({ step: counted, initial: { n: 0 }, until: ({ n }) => n === 2 }, { id: 'looped' }),
  };
});
const shared = selvageForAll({ tapestries: [asked, resettable, heavy, nesting] });

test('a run that is sent signals and asked for its state while knots of it end', async () => {
  const selvage = shared();
  const run = await selvage.start(asked, { x: 0 });
  let isOver = false;
  const ask = async (): Promise<void> => {
    while (!isOver) await run.status();
  };
  const asking = Promise.all([ask(), ask(), ask()]);
  for (let n = 0; n < ids.length; n += 5)
    await Promise.all(ids.slice(n, n + 5).map((_, place) => run.signal('n', n + place)));
  expect(await run.values()).toEqual({ last: 60, sum: (60 * 59) / 2 });
  isOver = true;
  await asking;
  const [execution] = await replay(selvage, run.runId);
  expect(execution).toMatchObject({ verdict: 'replays' });
  // One for the first step and one for the last, when nothing else is under way.
  const events = await historyOf(selvage, run.runId);
  expect(events.filter((event) => event.markerRecordedEventAttributes)).toHaveLength(2);
});

test('a run that was reset: both what was before and what came after', async () => {
  const selvage = shared();
  const run = await selvage.start(resettable, {});
  await run.values();
  const before = (await run.status()).run.temporal_run_id;
  const tasks = (await historyOf(selvage, run.runId)).filter(
    (event) => event.workflowTaskCompletedEventAttributes,
  );
  const after = await resetRun(selvage, { workflowId: run.runId, runId: before }, tasks[1]!.eventId!);
  await selvage.getRun(run.runId).values();
  const executions = await replay(selvage, run.runId);
  expect(executions.map(({ temporalRunId }) => temporalRunId).sort()).toEqual([before, after].sort());
  expect(executions.map(({ verdict }) => verdict)).toEqual(['replays', 'replays']);
});

test('a run with child runs: of a map and its parts, of a nested tapestry, of a loop', async () => {
  const selvage = shared();
  const run = await selvage.start(nesting, {});
  await run.values();
  const executions = await replay(selvage, run.runId);
  expect(executions.map(({ runId }) => runId.slice(run.runId.length)).sort()).toEqual([
    '',
    '/looped',
    '/looped#1',
    '/looped#2',
    '/mapped',
    '/mapped/0',
    '/mapped/500',
    '/nested',
    '/nested#1',
  ]);
  expect(new Set(executions.map(({ verdict }) => verdict))).toEqual(new Set(['replays']));
  expect(executions[0]!.childRuns.map(({ runId }) => runId).sort()).toEqual(
    ['looped', 'mapped', 'nested'].map((knotId) => `${run.runId}/${knotId}`),
  );
});

test('a history that fits into no message of the server', async () => {
  const selvage = shared();
  const run = await selvage.start(heavy, {});
  await run.values();
  const { historySize } = await selvage.client.workflow.getHandle(run.runId).describe();
  expect(historySize).toBeGreaterThan(4 * 1024 * 1024);
  expect(await replay(selvage, run.runId)).toMatchObject([{ verdict: 'replays' }]);
});

test('a run in flight of a newer version waits for one, the server and a replay say why', async () => {
  const reached = new Latch();
  const hold = knot('hold', async ({ x }: { x: number }, { resources, signal }) => {
    if (!(resources as { leaves?: boolean }).leaves) return x;
    reached.open();
    return await aborted(signal);
  });
  const held = tapestry('held', () => ({ y: inc({ x: hold({ x: 1 }, { id: 'hold' }) }, { id: 'y' }) }));
  const newer = await bundleOfNewerVersion();
  onClose(() => newer.remove());
  const selvage = await connectSelvage();
  const first = await startWorker(selvage, {
    tapestries: [held],
    workflowBundle: newer,
    resources: { leaves: true } as never,
    shutdownGraceTime: 50,
  });
  const run = await selvage.start(held, {});
  await reached.passed;
  await first.stop();

  const old = await startWorker(selvage, { tapestries: [held] });
  const failed = await until('the task has failed', async () =>
    (await historyOf(selvage, run.runId)).findLast((event) => event.workflowTaskFailedEventAttributes),
  );
  expect(failed.workflowTaskFailedEventAttributes!.failure!.message).toMatch(
    /^HistoryTooNew: .*Selvage \(behaviour \d+; .* worker of that version or a later/,
  );
  expect(await replay(selvage, run.runId)).toMatchObject([
    { verdict: 'too-new', error: { code: 'HistoryTooNew' } },
  ]);
  expect(await run.status()).toMatchObject({
    run: { status: 'running' },
    waiting: {
      started: true,
      workflowTask: refusal('HistoryTooNew', /^this run was begun/),
    },
  });

  await old.stop();
  await startWorker(selvage, { tapestries: [held], workflowBundle: newer });
  expect(await run.values()).toEqual({ y: 2 });
});

test('an unknown run, and a workflow that is the user’s own', async () => {
  const selvage = await connectSelvage();
  await expect(replay(selvage, unique('nobody'))).rejects.toMatchObject({ code: 'UnknownRun' });
  const worker = await startWorker(selvage, {
    tapestries: [],
    workflowBundle: undefined,
    workflowsPath: require.resolve('./users-workflows'),
    activities: { greet: (name: string) => name, default: () => 'unknown' },
  });
  const workflowId = unique('users-own');
  await selvage.client.workflow.execute('usersOwn', {
    workflowId,
    taskQueue: selvage.taskQueue!,
    args: ['you'],
  });
  await worker.stop();
  await expect(replay(selvage, workflowId)).rejects.toMatchObject(
    refusal('ForeignHistory', /"usersOwn" is none of Selvage's/),
  );
});
