import { Retryable, SelvageError, Terminal } from '../../../src/errors';
import { retryDelay } from '../../../src/runtime';

const error = new Error('no');
const three = { maximumAttempts: 3 };

test('without a policy, and when the attempts are spent, there is no other', () => {
  expect(retryDelay(undefined, 1, error)).toBeUndefined();
  expect(retryDelay({}, 1, error)).toBeUndefined();
  expect(retryDelay(three, 2, error)).toBeDefined();
  expect(retryDelay(three, 3, error)).toBeUndefined();
});

test('the wait grows from one second by two up to a hundred times, or as the policy says', () => {
  const defaults = { maximumAttempts: 100 };
  expect([1, 2, 3, 8, 50].map((throws) => retryDelay(defaults, throws, error))).toEqual([
    1_000, 2_000, 4_000, 100_000, 100_000,
  ]);
  const own = { maximumAttempts: 9_999, initialInterval: 50, backoffCoefficient: 10, maximumInterval: 600 };
  expect([1, 2, 3, 5_000].map((throws) => retryDelay(own, throws, error))).toEqual([50, 500, 600, 600]);
  expect(retryDelay({ ...three, initialInterval: 10, backoffCoefficient: 1.26 }, 2, error)).toBe(13);
});

test('some errors no retry helps', () => {
  expect(retryDelay(three, 1, new Terminal('no'))).toBeUndefined();
  for (const code of ['InvalidInput', 'SubRunFailed', 'LoopLimit', 'PartitionsNotOk'] as const)
    expect(retryDelay(three, 1, new SelvageError(code, 'no'))).toBeUndefined();
  for (const code of ['InvalidOutput', 'NotEncodable', 'InvalidConfig', 'ServerUnreachable'] as const)
    expect(retryDelay(three, 1, new SelvageError(code, 'later'))).toBe(1_000);
  const named = { ...three, nonRetryableErrors: ['TypeError', 'InvalidOutput'] };
  expect(retryDelay(named, 1, new TypeError('no'))).toBeUndefined();
  expect(retryDelay(named, 1, new SelvageError('InvalidOutput', 'no'))).toBeUndefined();
  expect(retryDelay(named, 1, error)).toBe(1_000);
});

test('a Retryable says when, within the number of attempts', () => {
  const later = new Retryable('later', { after: 70_000 });
  expect(retryDelay(three, 1, later)).toBe(70_000);
  expect(retryDelay(three, 3, later)).toBeUndefined();
  expect(retryDelay(undefined, 1, later)).toBeUndefined();
  expect(retryDelay(three, 1, new Retryable('now', { after: 0 }))).toBe(0);
});

test.each([NaN, Infinity, -Infinity])('a Retryable whose time is %d leaves it to the policy', (after) => {
  expect(retryDelay(three, 1, new Retryable('when?', { after }))).toBe(1_000);
});

test('a time before now is now', () => {
  expect(retryDelay(three, 1, new Retryable('long ago', { after: -5 }))).toBe(0);
});
