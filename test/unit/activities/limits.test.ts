import { CancelledFailure } from '@temporalio/common';
import { ActivityCancelledError, ActivityCompletionError, ActivityNotFoundError } from '@temporalio/client';
import type { CancelReason } from '@temporalio/worker/lib/activity';
import { knot, tapestry, type KnotContext } from '../../../src';
import { placesOf } from '../../../src/runtime';
import { KnotActivities } from '../../support/knot-activity';
import { Latch } from '../../support/latch';
import { until } from '../../support/until';

function two(body: (inputs: object, ctx: KnotContext) => unknown) {
  const limited = knot('body', { maxConcurrent: 1, retry: { maximumAttempts: 2 } }, body);
  return tapestry('work', () => {
    limited({}, { id: 'one' });
    limited({}, { id: 'two' });
  });
}

test('an attempt that finds no place is refused with the reason, and comes back soon', async () => {
  const end = new Latch();
  const body = jest.fn(() => end.passed);
  const activities = await KnotActivities.of(two(body));
  const first = activities.run('one');
  await until('the first runs', () => body.mock.calls.length === 1);
  const { failure, handedOn } = await activities.failure('two');
  expect(failure).toMatchObject({ type: 'LimitReached', nonRetryable: false, category: 'BENIGN' });
  expect(failure.message).toMatch(
    /"two" waits for a place of limit "body": 1 of 1 are taken by knot "one" of run "run-1"/,
  );
  expect(failure.nextRetryDelay).toBeGreaterThanOrEqual(500);
  expect(failure.nextRetryDelay).toBeLessThanOrEqual(1_500);
  expect(handedOn).toMatchObject({ throws: 0, refusals: 1 });
  // It is no trouble.
  expect(activities.warnings).toEqual([]);
  expect(body).toHaveBeenCalledTimes(1);
  end.open();
  await first;
  await activities.run('two', { attempt: 2, heartbeatDetails: handedOn });
  expect(await activities.record('two')).toMatchObject({ outcome: 'ok', attempt: 2 });
});

test('the place is held until the outcome is on record, and no longer', async () => {
  const activities = await KnotActivities.of(two(() => 'done'));
  const { leaseTable } = activities.backends;
  const release = jest.spyOn(leaseTable, 'release').mockImplementation(async () => {
    expect(await activities.record('one')).toMatchObject({ outcome: 'ok' });
  });
  await activities.run('one');
  expect(release).toHaveBeenCalledTimes(1);
});

test('a knot that throws gives its place back before its back-off', async () => {
  const activities = await KnotActivities.of(
    two(() => {
      throw new Error('not yet');
    }),
  );
  const { failure } = await activities.failure('one');
  expect(failure).toMatchObject({ type: 'Error', nonRetryable: false });
  expect(await activities.backends.leaseTable.holders(placesOf('body'))).toEqual([]);
});

test('what is on record already needs no place', async () => {
  const end = new Latch();
  const activities = await KnotActivities.of(two((_, { knotId }) => (knotId === 'two' ? end.passed : 1)));
  await activities.run('one');
  const holding = activities.run('two');
  await until(
    'the other has the place',
    async () => (await activities.backends.leaseTable.holders(placesOf('body'))).length === 1,
  );
  expect(await activities.run('one', { attempt: 2 })).toEqual({ value: 1 });
  end.open(undefined);
  await holding;
});

test.each<[string, CancelReason, string, string | undefined]>([
  ['a cancel', 'CANCELLED', CancelledFailure.name, undefined],
  ['a shutdown of the worker', 'WORKER_SHUTDOWN', 'ApplicationFailure', 'WorkerShutdown'],
  ['another attempt', 'TIMED_OUT', 'ApplicationFailure', 'WorkerShutdown'],
])('the wait for a place ends with %s', async (_, reason, name, type) => {
  const end = new Latch();
  const body = jest.fn(() => end.passed);
  const activities = await KnotActivities.of(two(body));
  const first = activities.run('one');
  await until('the first runs', () => body.mock.calls.length === 1);
  const waiting = activities.start('two');
  waiting.mock.cancel(reason);
  await expect(waiting.answer).rejects.toMatchObject({ name, ...(type && { type }) });
  end.open();
  await first;
  expect(await activities.backends.leaseTable.holders(placesOf('body'))).toEqual([]);
});

describe('lost workers', () => {
  test('are counted where the body may have begun: the wait for a place kills nobody', async () => {
    const body = jest.fn(() => 'alive');
    const activities = await KnotActivities.of(two(body));
    // Nine attempts before it have ended without a word.
    expect(await activities.run('one', { attempt: 10 })).toEqual({ value: 'alive' });
    const heartbeatDetails = { throws: 0, refusals: 4, begun: 3, among: 1 };
    const { failure } = await activities.failure('two', { attempt: 10, heartbeatDetails });
    expect(failure).toMatchObject({ type: 'WorkerLost', nonRetryable: true });
    expect(failure.message).toMatch(/3 workers.*"two"/);
    expect(body).toHaveBeenCalledTimes(1);
  });

  test('are told of by the server, which knows of a body before it begins', async () => {
    const heard: unknown[] = [];
    const attempt: { heartbeats?: unknown[] } = {};
    const activities = await KnotActivities.of(
      two((_, { knotId }) => {
        heard.push(...attempt.heartbeats!);
        if (knotId === 'two') throw new Error('again');
      }),
    );
    const before = { throws: 0, refusals: 2, begun: 1 };
    const first = activities.start('one', { attempt: 4, heartbeatDetails: before });
    attempt.heartbeats = first.heartbeats;
    await first.answer;
    expect(heard).toMatchObject([{ throws: 0, refusals: 2, begun: 2 }]);
    const second = activities.start('two');
    attempt.heartbeats = second.heartbeats;
    await expect(second.answer).rejects.toThrow('again');
    // It has ended with a word.
    expect(second.heartbeats).toMatchObject([
      { throws: 0, refusals: 0, begun: 1 },
      { throws: 1, refusals: 0 },
    ]);
  });

  test('are told of to the server itself: a beat that the SDK sends late cannot hide a body that has begun', async () => {
    const bySdk: unknown[] = [];
    const end = new Latch();
    const activities = await KnotActivities.of(two(() => end.passed));
    const first = activities.start('one', {
      attempt: 3,
      heartbeatDetails: { throws: 0, refusals: 0, begun: 2 },
    });
    first.mock.on('heartbeat', (details) => bySdk.push(details));
    await until('the SDK beats', () => bySdk.length > 0);
    end.open(undefined);
    await first.answer;
    expect(bySdk).toEqual(bySdk.map(() => expect.objectContaining({ begun: 3 })));
  });

  test.each([
    ['out of reach', new ActivityCompletionError('connection lost'), 'ServerUnreachable'],
    ['done with the attempt', new ActivityNotFoundError('Not found'), 'WorkerShutdown'],
    ['cancelling it', new ActivityCancelledError('cancelled'), undefined],
  ])('where the server is %s, the body does not begin', async (_, error, type) => {
    const body = jest.fn();
    const activities = await KnotActivities.of(two(body));
    const { answer, heartbeats } = activities.start('one', {
      attempt: 3,
      heartbeatDetails: { throws: 0, refusals: 0, begun: 2 },
      hear: () => Promise.reject(error),
    });
    await expect(answer).rejects.toMatchObject(type ? { type } : { name: CancelledFailure.name });
    expect(body).not.toHaveBeenCalled();
    // A beat of the SDK is answered with the end of the attempt, which the SDK then tells it.
    const beats = heartbeats.map((details) => (details as { refusals: number }).refusals);
    expect(beats[0]).toBe(type === 'ServerUnreachable' ? 1 : 0);
    expect(await activities.backends.leaseTable.holders(placesOf('body'))).toEqual([]);
  });
});
