import { z } from 'zod';
import { knot, loop, runLocally, tapestry, type Knot } from '../../src';
import { createInMemoryBackends } from '../../src/backends';
import type { RunHandle, Selvage } from '../../src/client';
import { executionsOf, historyOf } from '../support/history';
import { Latch } from '../support/latch';
import { closeAll, onClose, openSelvage } from '../support/open-selvage';
import { until } from '../support/until';
import { TIGHT_HISTORY_BUDGET } from '../support/run-limits';

let calls: number[] = [];
let mayEnd = new Latch();
const inc = knot('inc', ({ x }: { x: number }) => {
  calls.push(x);
  return x + 1;
});
const grow = knot('grow', ({ text }: { text: string }) => `${text}${'x'.repeat(10_000)}`);
const step = tapestry('step', { parameters: { x: z.number() } }, (_t, { x }) => {
  const next = inc({ x }, { id: 'next' });
  return { x: next, twice: knot('twice', (y: { x: number }) => 2 * y.x)({ x: next }, { id: 'twice' }) };
});
const counts = tapestry('counts', { parameters: { x: z.number() } }, (_t, { x }) => ({
  last: loop({ step, initial: { x }, until: (state) => state.x >= 5 }, { id: 'loop' }),
}));

beforeEach(() => {
  calls = [];
  mayEnd = new Latch();
});
afterEach(closeAll);

test('a loop comes to the same as in process', async () => {
  const selvage = await openSelvage({ tapestries: [counts] });
  const run = await selvage.start(counts, { x: 2 });
  expect(await run.values()).toEqual({ last: { x: 5, twice: 10 } });
  expect(calls).toEqual([2, 3, 4]);
  const backends = createInMemoryBackends();
  const local = await runLocally(counts, { x: 2 }, { runId: run.runId, backends });
  const mine = (await run.lineage({ knotId: 'loop' }))[0]!;
  const theirs = local.lineage.find(({ knot_id }) => knot_id === 'loop')!;
  expect(mine).toMatchObject({
    output_hash: theirs.output_hash,
    knot_config_hash: theirs.knot_config_hash,
    code_hash: theirs.code_hash,
    extra: { child_run: { run_id: `${run.runId}/loop#3` }, iterations: 3 },
  });
  for (const number of [1, 2, 3]) {
    const { run: iteration } = await selvage.getRun(`${run.runId}/loop#${number}`).status();
    expect(iteration).toMatchObject({
      tapestry: 'step',
      status: 'succeeded',
      parent_run_id: run.runId,
      details: { parent_knot: 'loop' },
    });
  }
  // One look at the parents, and one activity an iteration.
  const history = await historyOf(selvage, `${run.runId}/loop`);
  expect(history.filter((event) => event.activityTaskScheduledEventAttributes)).toHaveLength(3);
});

test('its function is tried again, and an answer that is no boolean and a failed iteration are told as in process', async () => {
  let asked = 0;
  const t = tapestry('wrong', () => {
    loop({ step, initial: { x: 0 }, until: () => 'yes' as unknown as boolean }, { id: 'no-boolean' });
    const broken = tapestry('broken', { parameters: { x: z.number() } }, (_t, { x }) => ({
      x: knot('no-two', (inputs: { x: number }) => {
        if (inputs.x === 2) throw new TypeError('not two');
        return inputs.x + 1;
      })({ x }, { id: 'x' }),
    }));
    loop({ step: broken, initial: { x: 0 }, until: () => false }, { id: 'broken' });
    const tried = loop(
      {
        step,
        initial: { x: 0 },
        until: ({ x }) => {
          asked += 1;
          if (asked % 2 === 1) throw new Error('busy');
          return x === 2;
        },
      },
      { id: 'tried', retry: { maximumAttempts: 2, initialInterval: 1 } },
    );
    return { tried };
  });
  const selvage = await openSelvage({ tapestries: [t] });
  const run = await selvage.start(t, {});
  const { outcomes, values } = await run.result();
  expect(values).toEqual({ tried: { x: 2, twice: 4 } });
  expect(asked).toBe(4);
  asked = 0;
  const local = await runLocally(t, {}, { runId: run.runId });
  for (const id of ['no-boolean', 'broken']) {
    const [here, there] = [outcomes[id]!, local.outcomes[id]!];
    if (here.kind !== 'err' || there.kind !== 'err') throw new Error(`${id} has not failed`);
    expect({ ...here.error, traceback: '' }).toEqual({ ...there.error, traceback: '' });
  }
});

test('a state that grows travels by reference', async () => {
  const growing = tapestry('growing', { parameters: { text: z.string() } }, (_t, { text }) => ({
    text: grow({ text }, { id: 'g' }),
  }));
  const t = tapestry('grown', () => ({
    last: loop(
      { step: growing, initial: { text: '' }, until: ({ text }) => text.length >= 50_000 },
      { id: 'loop' },
    ),
  }));
  const selvage = await openSelvage({ tapestries: [t] });
  const run = await selvage.start(t, {});
  expect((await run.values()).last.text).toHaveLength(50_000);
  for (const id of ['', '/loop', '/loop#5']) {
    const events = JSON.stringify(await historyOf(selvage, run.runId + id));
    expect(events.length).toBeLessThan(60_000);
  }
});

describe('a long loop', () => {
  const waiting = knot('waiting', async ({ x }: { x: number }) => {
    if (x === 0) await mayEnd.passed;
    return x;
  });
  const slowStep = tapestry('slow-step', { parameters: { x: z.number() } }, (_t, { x }) => ({
    x: inc({ x: waiting({ x }, { id: 'w' }) }, { id: 'next' }),
  }));
  /** A loop beside a chain, which makes the run continue as new while the loop waits. */
  const beside = tapestry('beside', { parameters: { times: z.number() } }, (_t, { times }) => {
    const last = loop(
      { step: slowStep, initial: { x: 0 }, until: ({ x }) => x >= 25, max: 30 },
      { id: 'loop' },
    );
    let link: Knot<number> = times;
    for (let k = 0; k < 30; k++) link = inc({ x: link }, { id: `k${k}` });
    return { last, link };
  });
  const endless = tapestry('endless', () => ({
    last: loop({ step, initial: { x: 0 }, until: () => false, max: 1_000_000 }, { id: 'loop' }),
  }));

  async function executions(selvage: Selvage, runId: string): Promise<number> {
    const { runId: newest, raw } = await selvage.client.workflow.getHandle(runId).describe();
    const first = raw.workflowExecutionInfo?.firstRunId ?? newest;
    return (await executionsOf(selvage, runId, first)).length;
  }

  test('continues as new by itself, also behind a run that has done so', async () => {
    const selvage = await openSelvage({
      tapestries: [beside],
      runLimits: TIGHT_HISTORY_BUDGET,
    });
    const run: RunHandle<object> = await selvage.start(beside, { times: 100 });
    onClose(() => run.terminate().catch(() => undefined));
    await until('the run has continued as new', async () => (await executions(selvage, run.runId)) > 1);
    mayEnd.open();
    expect(await run.values()).toEqual({ last: { x: 25 }, link: 130 });
    expect(await executions(selvage, `${run.runId}/loop`)).toBeGreaterThan(1);
    expect(calls.filter((x) => x < 25)).toEqual([...Array(25).keys()]);
  });

  test.each(['cancel', 'terminate'] as const)(
    'that never ends: a %s of its run ends it',
    async (how) => {
      const selvage = await openSelvage({
        tapestries: [endless],
        runLimits: TIGHT_HISTORY_BUDGET,
      });
      const run = await selvage.start(endless, {});
      onClose(() => run.terminate().catch(() => undefined));
      const loopRun = selvage.client.workflow.getHandle(`${run.runId}/loop`);
      await until('the loop has continued as new', async () => {
        return (await executions(selvage, loopRun.workflowId).catch(() => 0)) > 1;
      });
      await run[how]();
      const { status } = await run.result();
      expect(status).toBe(how === 'cancel' ? 'cancelled' : 'terminated');
      await until('its child run has ended', async () =>
        ['CANCELLED', 'TERMINATED'].includes((await loopRun.describe()).status.name),
      );
      const { items } = await selvage.runs.list({ tapestry: 'step' });
      await until('its iterations have ended', async () => {
        const [newest] = (await selvage.runs.list({ tapestry: 'step', limit: 1 })).items;
        return newest!.status !== 'running';
      });
      expect(items.length).toBeGreaterThan(5);
    },
    120_000,
  );
});
