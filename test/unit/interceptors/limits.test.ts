import { CancelledFailure } from '@temporalio/common';
import type { CancelReason } from '@temporalio/worker/lib/activity';
import { knot, tapestry, type KnotContext } from '../../../src';
import { placesOf } from '../../../src/execution';
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
  expect(handedOn).toEqual({ throws: 0, refusals: 1 });
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
