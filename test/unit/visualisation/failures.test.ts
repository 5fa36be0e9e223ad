import type { GraphKnot } from '../../../src/authoring/run-graph';
import { attemptWords, canDebug, causesOf, failuresOf } from '../../../src/visualisation/failures';

function failed(id: string, finishedAt: number, message: string, more: Partial<GraphKnot> = {}): GraphKnot {
  const state = { outcome: 'err', attempt: 2, scheduledAt: 0, startedAt: 0, finishedAt } as const;
  const error = { type: 'RangeError', message, at: '/p/a.ts:1:2' };
  return { id, kind: 'knot', configHash: '', inputs: [], state: { ...state, error }, ...more };
}

test('failures with one code and first line are one cause, the earliest first', () => {
  const knots = [
    failed('late', 9, 'no rate\nfor 4'),
    failed('second', 3, 'no rate\nfor 3'),
    failed('first', 2, 'no order', { maximumAttempts: 3 }),
    { ...failed('fine', 1, ''), state: undefined },
    failed('third', 4, 'no rate\nfor 2'),
  ];
  const causes = causesOf(failuresOf(knots));
  expect(causes.map((cause) => cause.knots)).toEqual([['first'], ['second', 'third', 'late']]);
  expect(causes.map(attemptWords)).toEqual(['attempt 2 of 3', 'attempt 2']);
  expect(causes[1]!.error).toEqual({ type: 'RangeError', message: 'no rate\nfor 3', at: '/p/a.ts:1:2' });
  expect(causesOf([])).toEqual([]);
});

test.each([
  [{ attempt: 1 }, ''],
  [{ attempt: 1, maximumAttempts: 3 }, 'attempt 1 of 3'],
  [{ attempt: 4, maximumAttempts: 3 }, 'attempt 4'],
  [{ attempt: 0, maximumAttempts: 3 }, ''],
])('%j: %j', (failure, words) => expect(attemptWords(failure)).toBe(words));

test.each([
  ['knot', 1, true],
  ['knot', 0, false],
  ['map', 0, true],
  ['waitForSignal', 1, false],
] as const)('whether %s with attempt %i can run again by itself: %s', (kind, attempt, can) =>
  expect(canDebug({ kind, attempt })).toBe(can),
);
