import { NO_TRAIL, withAttempt, withTrail, withWait, type Trail } from '../../../src/runtime';
import type { LineageRecord } from '../../../src/ports';

const attempt = (number: number) => ({
  attempt: number,
  started_at: number,
  ended_at: number,
  reason: { code: 'Error', message: 'no' },
});

test('the newest 32 attempts are kept, and the newest 32 waits', () => {
  let trail: Trail = NO_TRAIL;
  for (let n = 1; n <= 40; n++) {
    trail = withAttempt(trail, attempt(n));
    trail = withWait(trail, { code: n % 2 ? 'Retry' : 'LimitReached', since: n * 10, until: n * 10 + 9 });
  }
  expect(trail.attempts.map((one) => one.attempt)).toEqual(Array.from({ length: 32 }, (_, n) => n + 9));
  expect(trail.waits).toHaveLength(32);
  expect(trail.waits.at(-1)).toEqual({ code: 'LimitReached', since: 400, until: 409 });
});

test('a wait that goes on from one of its kind is one with it; another reason, or a time in between, begins another', () => {
  let trail = withWait(NO_TRAIL, { code: 'LimitReached', since: 1_000, until: 2_000 });
  trail = withWait(trail, { code: 'LimitReached', since: 2_500, until: 4_000 });
  trail = withWait(trail, { code: 'Retry', since: 4_000, until: 5_000 });
  trail = withWait(trail, { code: 'Retry', since: 9_000, until: 9_500 });
  trail = withWait(trail, { code: 'Queued', since: 9_500, until: 9_500 });
  expect(trail.waits).toEqual([
    { code: 'LimitReached', since: 1_000, until: 4_000 },
    { code: 'Retry', since: 4_000, until: 5_000 },
    { code: 'Retry', since: 9_000, until: 9_500 },
  ]);
});

test('a record of a knot that came to its outcome at once is left as it is', () => {
  const record = { extra: { length: 3 } } as unknown as LineageRecord;
  expect(withTrail(record, undefined)).toBe(record);
  expect(withTrail(record, NO_TRAIL)).toBe(record);
  expect(withTrail(record, withAttempt(NO_TRAIL, attempt(1))).extra).toEqual({
    length: 3,
    attempts: [attempt(1)],
  });
});
