import { formatBytes } from '../../../src/visualisation/words';
import { countWords, durationWords, relativeWords, shortHash } from '../../../src/explorer/page/words';

test.each([
  [0, '0 ms'],
  [840, '840 ms'],
  [4_200, '4.2 s'],
  [9_960, '10 s'],
  [59_600, '1 m'],
  [200_000, '3 m 20 s'],
  [3_599_900, '1 h'],
  [7_500_000, '2 h 5 m'],
  [273_600_000, '3 d 4 h'],
  [-5, '0 ms'],
  [Number.NaN, '–'],
])('%d ms are %s', (ms, words) => {
  expect(durationWords(ms)).toBe(words);
});

test.each([
  [0, 'just now'],
  [-42_000, '42 s ago'],
  [-240_000, '4 m ago'],
  [7_200_000, 'in 2 h'],
  [-172_800_000, '2 d ago'],
])('%d ms from now is %s', (ahead, words) => {
  const now = Date.parse('2026-03-02T12:00:00Z');
  expect(relativeWords(now + ahead, now)).toBe(words);
});

test('sizes, counts and hashes are short', () => {
  expect([0, 1023, 1536, 1_048_524, 104_857_600].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.5 KiB',
    '1.0 MiB',
    '100 MiB',
  ]);
  expect([countWords(12_500), countWords(1, 'run'), countWords(2, 'run')]).toEqual([
    '12,500',
    '1 run',
    '2 runs',
  ]);
  expect(shortHash('sha256:0123456789ab')).toBe('01234567');
});
