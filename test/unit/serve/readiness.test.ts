import { createInMemoryBackends } from '../../../src/backends';
import type { Selvage } from '../../../src/client';
import { SelvageError } from '../../../src/errors';
import { endpoints } from '../../../src/serve/endpoints';
import { createMetrics } from '../../../src/serve/metrics';
import { ReadinessProbe } from '../../../src/serve/readiness';
import { partsOfWorker } from '../../../src/serve/worker-parts';

let troubles = new Map<string, unknown>();
let serverAnswers: () => Promise<unknown> = async () => ({});
let asked = 0;
let logged: string[] = [];

beforeEach(() => {
  jest.useFakeTimers();
  troubles = new Map([['python', undefined]]);
  serverAnswers = async () => ({});
  asked = 0;
  logged = [];
});

afterEach(() => jest.useRealTimers());

function probe(): ReadinessProbe {
  const selvage = {
    backends: createInMemoryBackends(),
    location: { address: 'localhost:7233' },
    polledQueues: [],
    workerEnded: new Promise<void>(() => {}),
    client: {
      connection: {
        withDeadline: (_: number, ask: () => unknown) => ask(),
        workflowService: {
          getSystemInfo: () => {
            asked += 1;
            return serverAnswers();
          },
        },
      },
    },
  } as unknown as Selvage;
  const log = (message: unknown): void => void logged.push(message as string);
  return new ReadinessProbe({
    selvage,
    logger: { debug: log, info: log, warn: log, error: log },
    hasWorker: true,
    triggers: [],
    ofWorker: () => partsOfWorker(selvage, {}, { hostTroubles: () => troubles }),
  });
}

test('a body host that cannot call bodies is named with its code, its whole message is in the log once, and so is its return', async () => {
  const readiness = probe();
  expect((await readiness.read()).parts['body-host:python']).toMatchObject({ ready: true });
  troubles.set('python', new SelvageError('HostNotUsable', 'Python has ended with code 3.'));
  for (let time = 0; time < 2; time++) {
    jest.advanceTimersByTime(1_001);
    const { ready, parts } = await readiness.read();
    expect(ready).toBe(false);
    expect(parts['body-host:python']).toMatchObject({ ready: false, error: 'HostNotUsable' });
  }
  expect((await readiness.read(['body-host:python'])).ready).toBe(true);
  const answer = await endpoints(readiness, await createMetrics()).request('/readyz');
  expect(answer.status).toBe(503);
  expect(await answer.text()).not.toContain('code 3');
  troubles.set('python', 'no error of ours');
  jest.advanceTimersByTime(1_001);
  expect((await readiness.read()).parts['body-host:python']).toMatchObject({ error: 'InternalError' });
  troubles.set('python', undefined);
  jest.advanceTimersByTime(1_001);
  expect((await readiness.read()).ready).toBe(true);
  expect(logged).toEqual([
    'Not ready: body-host:python: Python has ended with code 3.',
    'Not ready: body-host:python: string: no error of ours',
    'Ready again: body-host:python',
  ]);
});

test('however many ask within a second, each part is asked once, and one that keeps silent counts as away after two seconds', async () => {
  const readiness = probe();
  await Promise.all([readiness.read(), readiness.read()]);
  await readiness.read();
  expect(asked).toBe(1);
  jest.advanceTimersByTime(1_001);
  serverAnswers = () => new Promise(() => {});
  const silent = readiness.read();
  await jest.advanceTimersByTimeAsync(2_001);
  expect((await silent).parts).toMatchObject({
    server: { ready: false, error: 'BackendUnavailable' },
    'run-history': { ready: true },
  });
  expect(asked).toBe(2);
});
