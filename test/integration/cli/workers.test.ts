import { hostname } from 'node:os';
import { knot, tapestry } from '../../../src';
import type { WorkerState } from '../../../src/client';
import { VERSION } from '../../../src/version';
import { makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { Latch } from '../../support/latch';
import { closeAll, connectSelvage, startWorker, unique } from '../../support/open-selvage';
import { sharedServerAddress } from '../../support/temporal-server';
import { waiting } from '../../support/thread-bodies';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

afterEach(closeAll);
afterAll(removeProjects);

const workers = (...args: string[]): Promise<Finished> =>
  runWarm(makeCommandProject(), ['workers', '--address', sharedServerAddress(), ...args]);

test('lists the workers that are alive, with what runs there and their body hosts; one that was stopped is gone', async () => {
  const begun = new Latch();
  const goOn = new Latch();
  const held = tapestry('held', () => ({
    held: knot('held', async () => {
      begun.open();
      await goOn.passed;
      return 1;
    })({}, { id: 'held' }),
  }));
  const selvage = await connectSelvage();
  const plain = selvage.taskQueue!;
  const hosting = unique('hosting');
  const startedAt = Date.now();
  await startWorker(selvage, { tapestries: [held] });
  const other = await startWorker(selvage, { tapestries: [waiting], taskQueue: hosting });
  const run = await selvage.start(held, {});
  await begun.passed;

  const listed = await until('both are listed, one with the body that runs', async () => {
    const all = await selvage.workers.list();
    const own = all.filter(({ taskQueue }) => [plain, hosting].includes(taskQueue));
    return own.length === 2 && own.some(({ running }) => running === 1) ? own : undefined;
  });
  const expected: WorkerState = {
    identity: `${process.pid}@${hostname()}`,
    taskQueue: plain,
    machine: hostname(),
    processId: String(process.pid),
    selvage: VERSION,
    sdk: expect.stringMatching(/^temporal-typescript \d+\.\d+\.\d+/) as string,
    since: expect.any(Number) as number,
    bodyHosts: [],
    bodies: ['held'],
    runHistory: await selvage.backends.runHistory.identity(),
    running: 1,
    reportedAt: expect.any(Number) as number,
  };
  const byQueue = new Map(listed.map((worker) => [worker.taskQueue, worker]));
  expect(byQueue.get(plain)).toEqual(expected);
  expect(byQueue.get(hosting)).toEqual({
    ...expected,
    taskQueue: hosting,
    bodyHosts: ['threads'],
    bodies: ['waits'],
    running: 0,
  });
  for (const { since, reportedAt } of listed) {
    expect(since).toBeGreaterThan(startedAt - 1_000);
    expect(reportedAt).toBeGreaterThanOrEqual(since);
  }

  const said = await workers('--task-queue', hosting);
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(said.stdout.split('\n').slice(1)).toEqual([
    expect.stringMatching(/^TASK QUEUE +WORKER +SELVAGE +SDK +SINCE +RUNNING +BODY HOSTS$/),
    expect.stringMatching(
      new RegExp(
        `^${hosting} +${process.pid}@${hostname()} +${VERSION} +typescript \\S+ +\\d{4}-\\S+ \\S+ +0 +threads$`,
      ),
    ),
    '',
  ]);
  const document = await workers('--task-queue', plain, '--json');
  expect(JSON.parse(document.stdout)).toMatchObject({
    items: [{ taskQueue: plain, workers: [{ bodyHosts: [], running: 1 }] }],
    workersKnown: true,
  });

  await other.stop();
  expect(await selvage.workers.list({ taskQueue: hosting })).toEqual([]);
  expect(await workers('--task-queue', hosting)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`No worker of task queue ${hosting} is alive.`) as string,
  });
  expect(await selvage.workers.list({ taskQueue: plain })).toHaveLength(1);
  goOn.open();
  await run.values();
});
