import { knot, list, schedule, subTapestry, tapestry } from '../../src';
import { Selvage } from '../../src/client';
import { beginsCommands, makeCommandProject, runCommand } from '../support/command-line';
import { readFile } from '../support/doc-snippets';
import { closeAll, connectSelvage, onClose, openSelvage, startWorker, unique } from '../support/open-selvage';
import { sharedServerAddress, startTestServer } from '../support/temporal-server';
import { until } from '../support/until';
import { removeProjects } from './server/projects';

const begin = beginsCommands();
afterEach(closeAll);
afterAll(removeProjects);

const PIPELINE = `
import { knot, tapestry } from 'selvage';
export const one = tapestry('one', () => ({ end: knot('end', () => 1)({}, { id: 'end' }) }));
`;
const STREAM = `
import { knot, stream, tapestry } from 'selvage';
import { z } from 'zod';
const saying = tapestry('saying', { parameters: { text: z.string() } }, (_, { text }) => ({
  said: knot('say', ({ text }: { text: string }) => text)({ text }, { id: 'said' }),
}));
export const texts = stream(['one', 'two'], saying, { id: ${JSON.stringify(unique('texts'))}, parameter: 'text' });
`;
const FLOOD = 40;
const FEW = 4;

test('of two teams on one queue, one that floods it does not keep the other waiting until its last knot', async () => {
  const server = await startTestServer({
    // One partition: the server keeps the order in each.
    dynamicConfig: [
      'matching.enableFairness=true',
      'matching.numTaskqueueReadPartitions=1',
      'matching.numTaskqueueWritePartitions=1',
    ],
  });
  onClose(() => server.stop());
  const pool = unique('pool');
  const order: string[] = [];
  const body = knot('body', ({ of }: { of: string }) => void order.push(of));
  const work = (of: string, count: number) =>
    tapestry(of, { knots: { dispatcher: { kind: 'queue', taskQueue: pool } } }, () => {
      // A priority of its own leaves a knot in the share of its run.
      for (let n = 0; n < count; n++) body({ of }, { id: `${of}-${n}`, priority: 2 });
    });
  const [flood, few] = [work('flood', FLOOD), work('few', FEW)];
  const one = await openSelvage({
    address: server.address,
    tapestries: [flood, few],
    fairnessKey: 'team-a',
  });
  const { backends, taskQueue } = one;
  const other = await connectSelvage({ address: server.address, backends, taskQueue, fairnessKey: 'team-b' });
  const flooding = await one.start(flood, {});
  const waits = (run: typeof flooding, count: number): Promise<boolean> =>
    until(
      'all of it waits in the queue',
      async () => (await run.status()).waiting?.reasons.NoWorker === count,
    );
  await waits(flooding, FLOOD);
  const run = await other.start(few, {});
  await waits(run, FEW);
  await startWorker(one, {
    tapestries: [flood, few],
    taskQueue: pool,
    maxConcurrentActivityTaskExecutions: 1,
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
  });
  expect([(await run.result()).status, (await flooding.result()).status]).toEqual(['succeeded', 'succeeded']);
  expect(order).toHaveLength(FLOOD + FEW);
  // In turn: behind each knot of the few at most some of the flood.
  expect(order.lastIndexOf('few')).toBeLessThan(FLOOD / 2);
});

/** The tapestry of each run, and the share that the server counts it to. */
async function sharesOf(selvage: Selvage, tapestries: readonly string[]): Promise<unknown[]> {
  const { items } = await selvage.runs.list();
  // Other tests on this server may have left runs that nobody ends.
  const own = items.filter(({ tapestry: of }) => tapestries.includes(of));
  const shares = own.map(async ({ run_id: runId, tapestry: of }) => {
    const { raw } = await selvage.client.workflow.getHandle(runId).describe();
    return [of, raw.workflowExecutionInfo?.priority?.fairnessKey];
  });
  return (await Promise.all(shares)).sort();
}

test('runs of a backfill count to the share of the workers that start them', async () => {
  const name = unique('partitioned');
  const ofPartition = knot('of-partition', ({ partition }: { partition: { key: string } }) => partition.key);
  const partitioned = tapestry(name, { partition: list(['a', 'b']) }, (_, { partition }) => ({
    end: ofPartition({ partition }, { id: 'end' }),
  }));
  const environment = jest.replaceProperty(process, 'env', {
    ...process.env,
    SELVAGE_FAIRNESS_KEY: 'team-c',
  });
  onClose(() => Promise.resolve(environment.restore()));
  const selvage = await openSelvage({ tapestries: [partitioned] });
  const backfill = await selvage.partitions.backfill(partitioned, { keys: ['a', 'b'] });
  expect(await backfill.result()).toMatchObject({ status: 'succeeded' });
  expect(await sharesOf(selvage, [name])).toEqual([
    [name, 'team-c'],
    [name, 'team-c'],
  ]);
});

test('runs of a stream count to the share of the command that reads it', async () => {
  const project = makeCommandProject({ 'stream.ts': STREAM });
  const address = sharedServerAddress();
  const words = ['stream', 'stream.ts', '--address', address];
  const { code, stderr } = await runCommand(project, words, { SELVAGE_FAIRNESS_KEY: 'team-d' });
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  const selvage = await Selvage.connect({ address, projectDir: project });
  onClose(() => selvage.close());
  expect(await sharesOf(selvage, ['saying'])).toEqual([
    ['saying', 'team-d'],
    ['saying', 'team-d'],
  ]);
});

test('runs that a run starts count to its share', async () => {
  const [innerName, outerName] = [unique('inner'), unique('outer')];
  const inner = tapestry(innerName, () => ({ end: knot('end', () => 1)({}, { id: 'end' }) }));
  const outer = tapestry(outerName, () => ({
    inner: subTapestry({ tapestry: inner, inputs: {} }, { id: 'inner' }),
  }));
  const selvage = await openSelvage({ tapestries: [outer, inner], fairnessKey: 'team-a' });
  await (await selvage.start(outer, {})).values();
  expect(await sharesOf(selvage, [innerName, outerName])).toEqual([
    [innerName, 'team-a'],
    [outerName, 'team-a'],
  ]);
});

test('the commands of the page start a run in the share of its team, and work for it', async () => {
  const page = readFile('docs/operations/share.md');
  const [, working] = /^\$ npx selvage (worker .*)$/m.exec(page)!;
  const [, key, running] = /^\$ SELVAGE_FAIRNESS_KEY=(\S+) npx selvage (.*)$/m.exec(page)!;
  const project = makeCommandProject({ 'pipeline.ts': PIPELINE });
  const address = sharedServerAddress();
  const worker = begin(project, [...working!.split(' '), '--address', address]);
  await worker.hasWritten(/Worker of/);
  const words = [...running!.split(' '), '--json', '--address', address];
  const { code, stdout, stderr } = await runCommand(project, words, { SELVAGE_FAIRNESS_KEY: key });
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  const { runId } = JSON.parse(stdout) as { runId: string };
  const selvage = await Selvage.connect({ address, projectDir: project });
  onClose(() => selvage.close());
  expect(await selvage.getRun(runId).values()).toEqual({ end: 1 });
  const { raw } = await selvage.client.workflow.getHandle(runId).describe();
  expect(raw.workflowExecutionInfo).toMatchObject({ priority: { fairnessKey: key } });
});

test('a schedule has the share of the client that deploys it, and another one is a change', async () => {
  const nightly = tapestry('nightly', () => ({ end: knot('end', () => 1)({}, { id: 'end' }) }));
  const declared = [schedule(nightly, { id: unique('nightly'), cron: '0 3 * * *' })];
  const options = { owner: unique('fairness') };
  const ours = await connectSelvage({ fairnessKey: 'team-a' });
  const theirs = await connectSelvage({ backends: ours.backends, taskQueue: ours.taskQueue });
  await ours.schedules.deploy(declared, options);
  expect(await ours.schedules.deploy(declared, options)).toMatchObject([{ action: 'kept' }]);
  expect(await theirs.schedules.compare(declared, options)).toMatchObject([
    { changes: [{ part: 'fairnessKey', declared: 'none', onServer: 'team-a', changedBy: 'file' }] },
  ]);
  await ours.schedules.deploy([], { ...options, prune: true });
});

test.each(['', 'two\nlines', 'x'.repeat(65)])('%j is no fairness key', async (fairnessKey) => {
  await expect(Selvage.connect({ address: '127.0.0.1:1', fairnessKey })).rejects.toMatchObject({
    code: 'InvalidConfig',
    message: expect.stringContaining('at most 64 bytes') as string,
  });
});
