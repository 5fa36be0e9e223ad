import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';

import { StoredBytes, knot, tapestry } from '../../src';
import { MEMO_KEY } from '../../src/workflows/messages';
import { findTemporalCli } from '../../src/server';
import { onClose, selvageForAll, unique } from '../support/open-selvage';
import { until } from '../support/until';
import { refusal } from '../support/refusal';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const quickstart = tapestry('quickstart', (t) => {
  const x = t.parameter('x', z.number());
  return { answer: add({ a: x, b: double({ x }, { id: 'd' }) }, { id: 'answer' }) };
});

const ran: string[] = [];
const pay = knot('pay', ({ amount }: { amount: number }, { runId }) => {
  ran.push(runId);
  return amount;
});
const paying = tapestry('paying', (t) => ({
  paid: pay({ amount: t.parameter('amount', z.number()) }, { id: 'paid' }),
}));
const refunding = tapestry('refunding', (t) => ({
  paid: pay({ amount: t.parameter('amount', z.number()) }, { id: 'refunded' }),
}));

const halves = tapestry('halves', (t) => ({
  a: double({ x: t.parameter('x', z.number()) }, { id: 'a' }),
  b: double({ x: t.parameter('y', z.number()) }, { id: 'b' }),
}));
const only = tapestry('only', (t) => ({ x: t.parameter('x', z.number()) }));
const unused = tapestry('unused', { parameters: { x: z.number() } }, () => undefined);

const same = knot('same', ({ x }: { x: unknown }) => x);
const anything = tapestry('anything', (t) => ({
  x: same({ x: t.parameter('x', z.unknown()) }, { id: 'same' }),
}));

const shared = selvageForAll({ tapestries: [quickstart, paying, refunding, halves, only, unused, anything] });

async function startByTemporalCli(runId: string, input: string): Promise<void> {
  const { address, namespace } = shared().location;
  await promisify(execFile)(await findTemporalCli(), [
    ...['workflow', 'start', '--address', address, '--namespace', namespace],
    ...[
      '--task-queue',
      shared().taskQueue!,
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
  const run = shared().getRun<{ answer: number }>(runId);
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
  ['[5]', ['must be an object']],
])(
  'parameters %s are refused: the workflow fails with all that is wrong, and the run is on record',
  async (input, problems) => {
    const runId = unique('by-cli');
    await startByTemporalCli(runId, input);
    const run = shared().getRun(runId);
    const result = await run.result();
    expect(result).toMatchObject({
      status: 'failed',
      succeeded: false,
      outputs: {},
      error: { type: 'InvalidParameters' },
    });
    for (const problem of problems) expect(result.error!.message).toContain(problem);
    await expect(run.values()).rejects.toMatchObject(refusal('RunFailed', problems[0]!));
    const handle = shared().client.workflow.getHandle(runId);
    expect((await handle.describe()).status.name).toBe('FAILED');
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidParameters' } });
  },
);

test('a run of chosen terminals is started without the parameters that they do not need', async () => {
  const run = await shared().start(halves, { x: 4 }, { terminals: ['a'] });
  expect(await run.values()).toEqual({ a: 8 });
  await expect(shared().start(halves, { x: 4 })).rejects.toMatchObject(
    refusal('InvalidParameters', 'missing parameter "y"'),
  );
});

test('a tapestry of parameters alone has a worker beside others, and runs', async () => {
  expect(await (await shared().start(only, { x: 5 })).values()).toEqual({ x: 5 });
  const { status, values, outputs } = await (await shared().start(unused, { x: 5 })).result();
  expect({ status, values, outputs }).toEqual({
    status: 'succeeded',
    values: {},
    outputs: { 'param:x': 5 },
  });
});

test('a client refuses the same parameters before anything is started', async () => {
  const runId = unique('refused');
  await expect(shared().start(quickstart, { x: 'five' }, { runId })).rejects.toMatchObject({
    code: 'InvalidParameters',
  });
  await expect(shared().getRun(runId).result()).rejects.toMatchObject({ code: 'UnknownRun' });
});

test('a Temporal schedule starts runs that say which schedule it was', async () => {
  const scheduleId = unique('nightly');
  const schedule = await shared().client.schedule.create({
    scheduleId,
    spec: { intervals: [{ every: '365 days' }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'quickstart',
      workflowId: scheduleId,
      taskQueue: shared().taskQueue!,
      args: [{ x: 6 }],
    },
    state: { triggerImmediately: true },
  });
  onClose(() => schedule.delete());
  const trigger = `schedule:${scheduleId}`;
  const run = await until(
    'the schedule has started a run',
    async () => (await shared().runs.list({ trigger })).items[0],
  );
  expect(run.run_id).toContain(scheduleId);
  expect(await shared().getRun(run.run_id).values()).toEqual({ answer: 18 });
});

test('starts with one key are one run, at once or later', async () => {
  const start = () => shared().start(paying, { amount: 5 }, { idempotencyKey: 'invoice 17 / März' });
  const runs = await Promise.all([start(), start(), start()]);
  const results = await Promise.all(runs.map((run) => run.values()));
  expect(results).toEqual([{ paid: 5 }, { paid: 5 }, { paid: 5 }]);
  const later = await start();
  expect(await later.values()).toEqual({ paid: 5 });
  const ids = new Set([...runs, later].map((run) => run.runId));
  expect(ids.size).toBe(1);
  const [id] = ids;
  expect(ran.filter((runId) => runId === id)).toHaveLength(1);
});

test('another key, and the same key of another tapestry, are other runs', async () => {
  const options = { idempotencyKey: 'shared' };
  const runs = [
    await shared().start(paying, { amount: 1 }, options),
    await shared().start(paying, { amount: 1 }, { idempotencyKey: 'shared ' }),
    await shared().start(refunding, { amount: 1 }, options),
  ];
  expect(new Set(runs.map((run) => run.runId)).size).toBe(3);
  await Promise.all(runs.map((run) => run.values()));
});

test('one key for other work is refused with what is and what was wanted', async () => {
  const first = await shared().start(paying, { amount: 1 }, { idempotencyKey: 'once' });
  await expect(shared().start(paying, { amount: 2 }, { idempotencyKey: 'once' })).rejects.toMatchObject({
    code: 'RunIdInUse',
    details: { run: first.runId },
  });
  await first.values();
});

test('a key that is empty or has a run id beside it is refused', async () => {
  await expect(shared().start(paying, { amount: 1 }, { idempotencyKey: '' })).rejects.toMatchObject({
    code: 'InvalidConfig',
  });
  await expect(
    shared().start(paying, { amount: 1 }, { idempotencyKey: 'k', runId: 'mine' }),
  ).rejects.toMatchObject(refusal('InvalidConfig', '"mine"'));
});

test('raw parameters that refer to a value in the data store are refused, unless the memo asks for that', async () => {
  const { backends, client, taskQueue } = shared();
  const { hash, size } = await backends.dataStore.putStream(
    (async function* () {
      yield await Promise.resolve(Buffer.from('another run has made this'));
    })(),
  );
  const start = async (x: object, said: object): Promise<unknown> =>
    (
      await client.workflow.start(anything.name, {
        workflowId: unique('raw'),
        taskQueue: taskQueue!,
        args: [{ x }],
        memo: { [MEMO_KEY]: said },
      })
    ).result();
  const stored = { $type: 'stored', value: { hash, size } };
  for (const x of [stored, { deep: [stored] }, { $type: 'reference', hash, size }]) {
    await expect(start(x, {})).rejects.toMatchObject({
      cause: {
        type: 'NotDecodable',
        message: expect.stringContaining('refers to a value in the data store'),
      },
    });
    await start(x, { allowReferences: true });
  }
  const handed = await shared().start(anything, { x: new StoredBytes({ hash, size }) });
  expect(await handed.values()).toEqual({ x: expect.objectContaining({ hash }) });
  const plain = await shared().start(anything, { x: stored });
  expect(await plain.values()).toEqual({ x: stored });
});
