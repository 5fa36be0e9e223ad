import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';

import { knot, tapestry } from '../../src';
import type { Selvage } from '../../src/client';
import { findTemporalCli } from '../../src/server';
import { CACHING, closeAll, onClose, openSelvage, unique } from '../support/open-selvage';
import { until } from '../support/until';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const quickstart = tapestry('quickstart', (t) => {
  const x = t.parameter('x', z.number());
  return { answer: add({ a: x, b: double({ x }, { id: 'd' }) }, { id: 'answer' }) };
});

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  let selvage: Selvage;
  beforeAll(async () => {
    selvage = await openSelvage({ tapestries: [quickstart], workerOptions: { maxCachedWorkflows } });
  });
  afterAll(closeAll);

  async function startByTemporalCli(runId: string, input: string): Promise<void> {
    const { address, namespace } = selvage.place;
    await promisify(execFile)(await findTemporalCli(), [
      ...['workflow', 'start', '--address', address, '--namespace', namespace],
      ...[
        '--task-queue',
        selvage.taskQueue,
        '--type',
        'quickstart',
        '--workflow-id',
        runId,
        '--input',
        input,
      ],
    ]);
  }

  test('Temporal’s own command line starts a run, as if it were a plain workflow', async () => {
    const runId = unique('by-cli');
    await startByTemporalCli(runId, '{"x":5}');
    const run = selvage.getRun<{ answer: number }>(runId);
    expect(await run.values()).toEqual({ answer: 15 });
    expect((await run.status()).run).toMatchObject({
      trigger: 'temporal',
      actor: null,
      tags: [],
      status: 'succeeded',
    });
  });

  test.each([
    ['{"x":"five","y":1}', ['parameter "x"', 'unknown parameter "y"']],
    ['{}', ['missing parameter "x"']],
    ['[5]', ['must be an object']],
    ['null', ['missing parameter "x"']],
  ])(
    'parameters %s are refused: the workflow fails with all that is wrong, and the run is on record',
    async (input, problems) => {
      const runId = unique('by-cli');
      await startByTemporalCli(runId, input);
      const run = selvage.getRun(runId);
      const result = await run.result();
      expect(result).toMatchObject({
        status: 'failed',
        succeeded: false,
        outputs: {},
        error: { type: 'InvalidParameters' },
      });
      for (const problem of problems) expect(result.error!.message).toContain(problem);
      await expect(run.values()).rejects.toMatchObject({
        code: 'RunFailed',
        message: expect.stringContaining(problems[0]!),
      });
      const handle = selvage.client.workflow.getHandle(runId);
      expect((await handle.describe()).status.name).toBe('FAILED');
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidParameters' } });
    },
  );

  test('a client refuses the same parameters before anything is started', async () => {
    const runId = unique('refused');
    await expect(selvage.start(quickstart, { x: 'five' }, { runId })).rejects.toMatchObject({
      code: 'InvalidParameters',
    });
    await expect(selvage.getRun(runId).result()).rejects.toMatchObject({ code: 'UnknownRun' });
  });

  test('a Temporal schedule starts runs that say which schedule it was', async () => {
    const scheduleId = unique('nightly');
    const schedule = await selvage.client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every: '365 days' }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'quickstart',
        workflowId: scheduleId,
        taskQueue: selvage.taskQueue,
        args: [{ x: 6 }],
      },
      state: { triggerImmediately: true },
    });
    onClose(() => schedule.delete());
    const trigger = `schedule:${scheduleId}`;
    const run = await until(
      'the schedule has started a run',
      async () => (await selvage.listRuns({ trigger })).items[0],
    );
    expect(run.run_id).toContain(scheduleId);
    expect(await selvage.getRun(run.run_id).values()).toEqual({ answer: 18 });
  });
});
