import { choosePartitions, type Choice, type PartitionCandidate } from '../../../src/backfills';

const CHOICE: Choice = { tapestry: 'daily', only: ['missing'], order: 'forward', since: 5 };

function runOf(runId: string, status: 'succeeded' | 'failed' | 'cancelled' | 'running') {
  return { runId, status, startedAt: 3, finishedAt: status === 'running' ? null : 4 };
}

const STANDING: readonly PartitionCandidate[] = [
  { key: 'a', state: 'missing' },
  { key: 'b', state: 'ok', run: runOf('daily/b', 'succeeded') },
  { key: 'c', state: 'failed', run: runOf('daily/c/2', 'failed') },
  { key: 'd', state: 'failed', run: runOf('daily/d', 'cancelled') },
  { key: 'e', state: 'stale', run: runOf('by-hand', 'succeeded') },
  { key: 'f', state: 'running', run: runOf('daily/f', 'running') },
];

function keysOf(choice: Partial<Choice>, standing = STANDING): string {
  return choosePartitions(standing, { ...CHOICE, ...choice })
    .map(({ key }) => key)
    .join('');
}

describe('the partitions that a backfill makes', () => {
  test.each([
    ['missing', 'adf'],
    ['failed', 'cdf'],
    ['stale', 'ef'],
    ['all', 'abcdef'],
  ] as const)('%s: what is so, what was stopped before it was made, and what is under way', (only, keys) => {
    expect(keysOf({ only: [only] })).toBe(keys);
  });

  test('in either order', () => {
    expect(keysOf({ only: ['missing', 'stale'], order: 'backward' })).toBe('feda');
  });

  test('what has failed since the backfill began that is gone on from', () => {
    expect(keysOf({ failedSince: 2 })).toBe('acdf');
    expect(keysOf({ failedSince: 4 })).toBe('acdf');
    expect(keysOf({ failedSince: 5 })).toBe('adf');
  });

  test('what is under way is waited for, all else gets the number after its newest run', () => {
    expect(choosePartitions(STANDING, { ...CHOICE, only: ['all'] })).toEqual([
      { key: 'a', n: 1, since: 5 },
      { key: 'b', n: 2, since: 5 },
      { key: 'c', n: 3, since: 5 },
      { key: 'd', n: 2, since: 5 },
      { key: 'e', n: 1, since: 5 },
      { key: 'f', n: 1, since: 5, running: 'daily/f' },
    ]);
  });

  test('one that depends on another waits for it, or is held where nobody makes it', () => {
    const previous = (key: string): string | undefined =>
      key === 'a' ? undefined : String.fromCharCode(key.charCodeAt(0) - 1);
    const standing: readonly PartitionCandidate[] = [
      { key: 'a', state: 'missing' },
      { key: 'b', state: 'missing' },
      { key: 'c', state: 'failed', run: runOf('daily/c', 'failed') },
      { key: 'd', state: 'missing' },
      { key: 'e', state: 'ok', run: runOf('daily/e', 'succeeded') },
      { key: 'f', state: 'missing' },
    ];
    expect(choosePartitions(standing, { ...CHOICE, previous })).toMatchObject([
      { key: 'a' },
      { key: 'd', heldBy: 'c' },
      { key: 'f' },
      { key: 'b', after: { key: 'a', place: 0 } },
    ]);
    const [first] = choosePartitions(standing.slice(3), { ...CHOICE, previous, isOk: (key) => key === 'c' });
    expect(first).toEqual({ key: 'd', n: 1, since: 5 });
  });

  test('chains of partitions that depend on one another are begun side by side', () => {
    const standing = ['x1', 'x2', 'x3', 'y1', 'y2'].map((key) => ({ key, state: 'missing' as const }));
    const previous = (key: string): string | undefined =>
      key.endsWith('1') ? undefined : `${key[0]}${Number(key[1]) - 1}`;
    expect(keysOf({ previous }, standing)).toBe('x1y1x2y2x3');
  });
});
