import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import {
  DefaultLogger,
  NativeConnection,
  Worker,
  bundleWorkflowCode,
  type WorkerOptions,
} from '@temporalio/worker';
import { z } from 'zod';

import { knot, tapestry, type KnotContext } from '../../src';
import { Selvage } from '../../src/client';
import { createWorker, selvage as selvagePlugin } from '../../src/worker';
import {
  connectSelvage,
  onClose,
  selvageForAll,
  startWorker,
  temporaryBackends,
  unique,
} from '../support/open-selvage';
import { logged, quietRuntime } from '../support/quiet-runtime';
import { sharedServerAddress } from '../support/temporal-server';
import { until } from '../support/until';
import { bundledInterpreter } from '../support/workflow-bundle';

beforeAll(quietRuntime);
const double = knot('double', ({ x }: { x: number }) => x * 2);
const quickstart = tapestry('quickstart', (t) => ({
  d: double({ x: t.parameter('x', z.number()) }, { id: 'd' }),
}));

const write = knot('write', async (_: object, ctx) => {
  ctx.logger.warn('said by a body', { lines: 2 });
  return await ctx.store(
    (async function* () {
      yield Buffer.from('first line\n');
      yield Buffer.from('second line\n');
    })(),
    { mediaType: 'text/plain' },
  );
});
const read = knot('read', async ({ stored }: { stored: Awaited<ReturnType<KnotContext['store']>> }, ctx) => {
  const pieces: Uint8Array[] = [];
  for await (const piece of await ctx.open(stored)) pieces.push(piece);
  const { prefix } = ctx.resources as { prefix?: string };
  return `${prefix}${Buffer.concat(pieces).toString()}${stored.mediaType}`;
});
const streams = tapestry('streams', () => ({
  text: read({ stored: write({}, { id: 'write' }) }, { id: 'read' }),
}));
const list = knot('list', () => [3, 1, 2]);
const sorts = knot('sorts', ({ numbers }: { numbers: number[] }) => numbers.sort((a, b) => a - b).join());
const keeps = knot('keeps', ({ numbers }: { numbers: number[]; after: string }) => numbers.join());
const copies = tapestry('copies', () => {
  const numbers = list({}, { id: 'list' });
  const sorted = sorts({ numbers }, { id: 'sorts' });
  return { sorted, kept: keeps({ numbers, after: sorted }, { id: 'keeps' }) };
});
const shared = selvageForAll({
  tapestries: [streams, copies],
  resources: { prefix: '> ' } as never,
});

/** A worker that a user of Temporal makes, with the plugin as the one line added. */
async function plainWorker(
  selvage: Selvage,
  options: Partial<WorkerOptions>,
  tapestries = [quickstart],
): Promise<Worker> {
  const connection = await NativeConnection.connect({ address: sharedServerAddress() });
  onClose(() => connection.close());
  const worker = await Worker.create({
    connection,
    taskQueue: selvage.taskQueue!,
    plugins: [selvagePlugin({ tapestries, backends: selvage.backends })],
    ...options,
  });
  const ended = worker.run();
  onClose(async () => {
    worker.shutdown();
    await ended;
  });
  return worker;
}

async function workflowClient(): Promise<Client> {
  const connection = await Connection.connect({ address: sharedServerAddress() });
  onClose(() => connection.close());
  return new Client({ connection });
}

describe('the plugin on a plain Worker.create', () => {
  test('with no workflows of the user, ours run', async () => {
    const client = await connectSelvage();
    await plainWorker(client, {});
    const run = await client.start(quickstart, { x: 4 });
    expect(await run.values()).toEqual({ d: 8 });
  });

  test('a user’s own workflows, activities and default activity work beside the tapestries of one worker', async () => {
    const selvage = await connectSelvage();
    const called: unknown[] = [];
    await plainWorker(selvage, {
      workflowsPath: path.join(__dirname, 'users-workflows.ts'),
      activities: {
        greet: async (name: string) => `Hello, ${name}`,
        default: async (...args: unknown[]) => {
          called.push(args);
          return 'by default';
        },
      },
    });
    const { workflow } = await workflowClient();
    const options = { taskQueue: selvage.taskQueue! };
    const own = await workflow.execute('usersOwn', {
      ...options,
      workflowId: `${selvage.taskQueue}-own`,
      args: ['Ada'],
    });
    expect(own).toEqual(['Hello, Ada', 'by default']);
    expect(called).toEqual([['Ada', 1]]);
    const run = await selvage.start(quickstart, { x: 5 });
    expect(await run.values()).toEqual({ d: 10 });
    // What is left to the user's default is not what belongs to a knot.
    expect(called).toHaveLength(1);
  });

  test('a user’s own bundle that exports ours runs tapestries', async () => {
    const selvage = await connectSelvage();
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: path.join(__dirname, 'users-workflows.ts'),
      logger: new DefaultLogger('WARN'),
    });
    await plainWorker(selvage, { workflowBundle, activities: {} });
    const run = await selvage.start(quickstart, { x: 6 });
    expect(await run.values()).toEqual({ d: 12 });
  });

  test('a user’s own interceptors see our knots as activities', async () => {
    const selvage = await connectSelvage();
    const seen: string[] = [];
    await plainWorker(selvage, {
      workflowBundle: bundledInterpreter(),
      interceptors: {
        activity: [
          ({ info }) => ({
            inbound: {
              execute: async (input, next) => {
                seen.push(`${info.activityType} ${info.activityId}`);
                return await next(input);
              },
            },
          }),
        ],
      },
    });
    await (await selvage.start(quickstart, { x: 1 })).values();
    expect(seen).toContain('double d');
  });
});

describe('what makes no worker is refused when it is made', () => {
  const namesake = (definition: typeof double, name: string) =>
    tapestry(name, () => ({ one: definition({ x: 1 }, { id: 'one' }) }));
  const otherDouble = knot('double', ({ x }: { x: number }) => x + x);
  const invalid = 'InvalidWorkerOptions';

  test.each<[what: string, Partial<Parameters<typeof createWorker>[0]>, code: string, message: RegExp]>([
    [
      'an activity of the user that is named as a definition',
      { activities: { double: async () => 1 } },
      invalid,
      /"double"/,
    ],
    [
      'an activity of the user that is named as one of our own',
      { activities: { 'selvage.beginRun': async () => 1 } },
      invalid,
      /"selvage.beginRun"/,
    ],
    [
      'two tapestries of one name',
      { tapestries: [quickstart, namesake(double, 'quickstart')] },
      'DuplicateTapestry',
      /"quickstart"/,
    ],
    [
      'two definitions of one name and version',
      { tapestries: [quickstart, namesake(otherDouble, 'other')] },
      'DuplicateDefinition',
      /"double"/,
    ],
    ['no name for its task queue', { taskQueue: '' }, invalid, /task queue .* is an empty text/],
    ...[0, 999, 1_500.5, NaN, '0.5s', 'soon'].map((leaseTtl): [string, object, string, RegExp] => [
      `leases that live for ${leaseTtl} milliseconds`,
      { leaseTtl },
      invalid,
      /`leaseTtl` .* 1000 or more/,
    ]),
    ['something that is no tapestry', { tapestries: [{ name: 'quickstart' } as never] }, invalid, /./],
  ])('%s', async (_, options, code, message) => {
    const { taskQueue, backends } = shared();
    const connection = await NativeConnection.connect({ address: sharedServerAddress() });
    onClose(() => connection.close());
    const made = createWorker({
      ...{ connection, taskQueue, backends, workflowBundle: bundledInterpreter(), tapestries: [quickstart] },
      ...options,
    });
    await expect(made).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

test('bodies get resources, a logger, and a store for streams whose consumer gets the reference', async () => {
  const run = await shared().start(streams, {});
  expect(await run.values()).toEqual({ text: '> first line\nsecond line\ntext/plain' });
  await until('the log has it', () => logged.some(({ message }) => message === 'said by a body'));
});

test('what one body does to its input is seen nowhere else', async () => {
  const run = await shared().start(copies, {});
  expect(await run.values()).toEqual({ sorted: '1,2,3', kept: '3,1,2' });
});

test('a worker that stops and one that starts share a run without losing a knot', async () => {
  const ran: string[] = [];
  const twice = knot('twice', ({ x }: { x: number }, { knotId }) => {
    ran.push(knotId);
    return 2 * x;
  });
  const steps = tapestry('steps', (t) => {
    let step: ReturnType<typeof twice> = twice({ x: t.parameter('x', z.number()) }, { id: 'step-0' });
    for (let n = 1; n < 30; n++) step = twice({ x: step }, { id: `step-${n}` });
    return { step };
  });
  const client = await connectSelvage();
  const first = await startWorker(client, { tapestries: [steps], identity: 'first' });
  const run = await client.start(steps, { x: 1 });
  for await (const { counts } of run.progress({ interval: 5 })) if (counts.ok > 3) break;
  await first.stop();
  await startWorker(client, { tapestries: [steps], identity: 'second' });
  expect(await run.values()).toEqual({ step: 2 ** 30 });
  // The SDK may lose a task that the server hands to a worker just as it stops: then it is tried again, but nothing has run in vain.
  expect(ran).toEqual(Array.from({ length: 30 }, (_, n) => `step-${n}`));
  const items = await run.lineage({ definition: 'twice' });
  expect(items).toHaveLength(30);
});

describe('the task queue', () => {
  const one = knot('queued-one', () => 1);
  const named = (name: string, queue?: string) =>
    tapestry(name, { ...(queue !== undefined && { taskQueue: queue }) }, () => ({
      value: one({}, { id: 'value' }),
    }));
  const queueOf = async (selvage: Selvage, runId: string): Promise<string> =>
    (await selvage.client.workflow.getHandle(runId).describe()).taskQueue;

  test('of a run is that of its tapestry, which the worker of `open` polls: of each tapestry one, or one of several', async () => {
    const names = [unique('alone'), unique('first'), unique('second')];
    const together = unique('together');
    const tapestries = [named(names[0]!), named(names[1]!, together), named(names[2]!, together)];
    const backends = await temporaryBackends();
    const workerOptions = { workflowBundle: bundledInterpreter() };
    const selvage = await Selvage.open({
      address: sharedServerAddress(),
      backends,
      tapestries,
      workerOptions,
    });
    onClose(() => selvage.close());
    const runs = await Promise.all(tapestries.map((tapestry) => selvage.start(tapestry, {})));
    expect(await Promise.all(runs.map(({ runId }) => queueOf(selvage, runId)))).toEqual([
      `selvage/${names[0]}`,
      together,
      together,
    ]);
    for (const run of runs) expect(await run.values()).toEqual({ value: 1 });
    const again = await selvage.resume(runs[1]!.runId);
    expect(await queueOf(selvage, again.runId)).toBe(together);
    expect(await again.values()).toEqual({ value: 1 });
  });

  test('is one for `createWorker`: several are refused, and a given one goes before', async () => {
    const tapestries = [named('queue-a'), named('queue-b')];
    const connection = await NativeConnection.connect({ address: sharedServerAddress() });
    onClose(() => connection.close());
    await expect(createWorker({ connection, tapestries })).rejects.toMatchObject({
      code: 'InvalidWorkerOptions',
      message: expect.stringContaining('selvage/queue-a, selvage/queue-b'),
    });
  });
});
