import fc from 'fast-check';
import { numberOfRun, numberedKey, partitionRunId } from '../../../src/backfills';

const KEY = fc.string({ unit: fc.constantFrom('a', '/', '2', '%', 'F'), minLength: 1, maxLength: 5 });
const TURN = fc.tuple(KEY, fc.constantFrom(1, 2, 22));

test('each making of each partition has an id of its own, which tells its number', () => {
  expect(partitionRunId('weather', '2024-05-01', 1)).toBe('weather/2024-05-01');
  expect(partitionRunId('weather', '2024-05-01|de', 2)).toBe('weather/2024-05-01|de/2');
  fc.assert(
    fc.property(TURN, TURN, ([key, n], [other, m]) => {
      const id = partitionRunId('t', key, n);
      expect(numberOfRun('t', key, id)).toBe(n);
      const isSame = key === other && n === m;
      expect(partitionRunId('t', other, m) === id).toBe(isSame);
      expect(numberedKey(other, m) === numberedKey(key, n)).toBe(isSame);
      if (key !== other) expect(numberOfRun('t', other, id)).toBeUndefined();
    }),
    {
      numRuns: 1_000,
      examples: [
        [
          ['a', 2],
          ['a/2', 1],
        ],
      ],
    },
  );
});
