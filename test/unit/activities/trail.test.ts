import { createInMemoryBackends } from '../../../src/backends';
import type { KnotContext } from '../../../src';
import { KnotActivities, one } from '../../support/knot-activity';
import { Latch, aborted } from '../../support/latch';
import { SwitchableBackends } from '../../support/switchable-backends';

const TIME = expect.any(Number) as number;
const RETRY = { maximumAttempts: 5, initialInterval: 1 };

test('what attempts ended with, and why the knot waited, is handed on from attempt to attempt and recorded', async () => {
  const line = new SwitchableBackends(createInMemoryBackends());
  const began = new Latch();
  const body = async (_: object, { attempt, signal, logger }: KnotContext) => {
    logger.info(`in attempt ${attempt}`);
    if (attempt === 1) throw new RangeError('x'.repeat(10_000));
    if (attempt > 2) return 'done';
    began.open();
    return await aborted(signal);
  };
  const activities = await KnotActivities.of(one(body, { retry: RETRY }), { backends: line.backends });
  const first = await activities.failure('knot');

  // The worker of the second one is lost in its body.
  const second = activities.start('knot', { attempt: 2, heartbeatDetails: first.handedOn });
  await began.passed;
  await new Promise((resolve) => second.mock.once('heartbeat', resolve));
  const lost = second.heartbeats.at(-1);

  line.inflict({ code: 'BackendUnavailable', only: ['runHistory.getRecords'] });
  const third = await activities.failure('knot', { attempt: 3, heartbeatDetails: lost });
  expect(third.failure).toMatchObject({ type: 'BackendUnavailable' });
  line.mend();

  await activities.run('knot', { attempt: 4, heartbeatDetails: third.handedOn });
  second.mock.cancel();
  const { extra } = (await activities.record('knot'))!;
  const of = { started_at: TIME, ended_at: TIME, worker: 'worker-1' };
  expect(extra).toEqual({
    attempts: [
      { attempt: 1, ...of, reason: { code: 'RangeError', message: 'x'.repeat(500) } },
      { attempt: 2, ...of, reason: { code: 'WorkerLost', message: expect.any(String) as string } },
    ],
    waits: [
      ...(extra['waits'] as { code: string }[]).filter(({ code }) => code === 'Retry'),
      { code: 'BackendUnavailable', since: TIME, until: TIME },
    ],
    log: { hash: expect.stringMatching(/^bytes-sha256:/) as string, size: TIME },
  });
  const bytes = await line.backends.dataStore.get((extra['log'] as { hash: string }).hash);
  expect(Buffer.from(bytes!).toString()).toMatch(/^\{[^\n]*"message":"in attempt 4"\}\n$/);
});

test('an attempt whose worker was lost before it said anything is told of', async () => {
  const activities = await KnotActivities.of(one(() => 1));
  await activities.run('knot', { attempt: 2 });
  expect((await activities.record('knot'))!.extra).toEqual({
    attempts: [
      {
        attempt: 1,
        started_at: TIME,
        ended_at: TIME,
        reason: { code: 'WorkerLost', message: expect.any(String) as string },
      },
    ],
  });
});

test('logs: false keeps no log', async () => {
  const body = (_: object, { logger }: KnotContext) => logger.info('hello');
  const activities = await KnotActivities.of(one(body, { logs: false }));
  await activities.run('knot');
  expect((await activities.record('knot'))!.extra).toEqual({});
});
