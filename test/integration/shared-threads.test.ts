import workerThreads from 'node:worker_threads';
import { availableParallelism } from 'node:os';
import { z } from 'zod';

import { knot, tapestry, waitForSignal } from '../../src';
import type { Selvage } from '../../src/client';
import { closeAll, openSelvage, temporaryBackends, unique } from '../support/open-selvage';
import { bundledInterpreter } from '../support/workflow-bundle';

const double = knot('shared.double', ({ x }: { x: number }) => x * 2);

/** The tapestries have the queues that their names give them. */
const OWN_QUEUES = { taskQueue: undefined } as object;

/** Takes several workflow tasks, so that a run may be evicted or lose its thread in between. */
function pipeline(name: string) {
  return tapestry(name, (t) => {
    const x = t.parameter('x', z.number());
    const first = double({ x }, { id: 'first' });
    const second = double({ x: first }, { id: 'second' });
    return { answer: double({ x: second }, { id: 'answer' }) };
  });
}

function waiting(name: string) {
  return tapestry(name, (t) => {
    const x = t.parameter('x', z.number());
    const told = waitForSignal('go', z.number(), { id: 'told' });
    return { answer: double({ x: told }, { id: 'answer' }), x: double({ x }, { id: 'other' }) };
  });
}

/** The threads that Temporal's SDK starts while a test runs. */
const started: workerThreads.Worker[] = [];
const { Worker: Original } = workerThreads;
class Recorded extends Original {
  constructor(...options: ConstructorParameters<typeof Original>) {
    super(...options);
    started.push(this);
  }
}

function running(): workerThreads.Worker[] {
  return started.filter((thread) => thread.threadId !== -1);
}

beforeAll(() => Object.assign(workerThreads, { Worker: Recorded }));
afterAll(() => Object.assign(workerThreads, { Worker: Original }));
afterEach(async () => {
  await closeAll();
  started.length = 0;
});

async function sum(selvage: Selvage, tapestries: readonly ReturnType<typeof pipeline>[]): Promise<number[]> {
  return await Promise.all(
    tapestries.map(async (each, x) => {
      const { answer } = await (await selvage.start(each, { x })).values();
      return answer;
    }),
  );
}

test('the task queues of a process share threads, however many they are', async () => {
  const tapestries = Array.from({ length: 12 }, (_, index) => pipeline(unique(`many${index}`)));
  const selvage = await openSelvage({ tapestries, ...OWN_QUEUES });
  expect(await sum(selvage, tapestries)).toEqual(tapestries.map((_, x) => x * 8));
  expect(started.length).toBe(Math.min(availableParallelism(), 4));
  await selvage.close();
  expect(running()).toEqual([]);
});

test('two clients of one task queue in a process have threads of their own, and their runs survive evictions', async () => {
  const tapestries = [pipeline(unique('evicted'))];
  const backends = await temporaryBackends();
  const options = {
    tapestries,
    taskQueue: unique('both'),
    backends,
    workerOptions: { workflowBundle: bundledInterpreter(), maxCachedWorkflows: 2 },
  };
  const clients = [await openSelvage(options), await openSelvage(options)];
  const answers = await Promise.all(
    Array.from({ length: 12 }, async (_, x) => {
      const run = await clients[x % 2]!.start(tapestries[0]!, { x });
      return (await run.values()).answer;
    }),
  );
  expect(answers).toEqual(answers.map((_, x) => x * 8));
  expect(started.length).toBe(2);
  // The one that is left goes on.
  await clients[0]!.close();
  expect(running().length).toBe(1);
  expect((await (await clients[1]!.start(tapestries[0]!, { x: 1 })).values()).answer).toBe(8);
});

test('a thread that ends takes no worker down: its runs go on in another, and so do new ones', async () => {
  const tapestries = [waiting(unique('a')), waiting(unique('b')), waiting(unique('c'))];
  const selvage = await openSelvage({ tapestries, ...OWN_QUEUES });
  const runs = await Promise.all(tapestries.map((each, x) => selvage.start(each, { x })));
  await Promise.all(
    runs.map(async (run) => {
      for await (const { waits } of run.progress()) if (waits.length > 0) return;
    }),
  );
  const before = running();
  await Promise.all(before.map((thread) => thread.terminate()));
  expect(running()).toEqual([]);

  await Promise.all(runs.map((run, x) => run.signal('go', x)));
  expect(await Promise.all(runs.map(async (run) => (await run.values()).answer))).toEqual([0, 2, 4]);
  const later = await selvage.start(tapestries[0]!, { x: 5 });
  await later.signal('go', 7);
  expect((await later.values()).answer).toBe(14);
});

test('queues are left and joined in any order while runs of the others go on', async () => {
  const tapestries = [pipeline(unique('d')), pipeline(unique('e')), pipeline(unique('f'))];
  const selvage = await openSelvage({ tapestries, ...OWN_QUEUES });
  expect(await sum(selvage, tapestries)).toEqual([0, 8, 16]);
  const other = await openSelvage({
    tapestries: [tapestries[1]!],
    backends: selvage.backends,
    ...OWN_QUEUES,
  });
  await selvage.close();
  expect(await sum(other, [tapestries[1]!])).toEqual([0]);
});
