import { linesOf, type RunLine } from '../../../src/explorer/page/run-tree';
import type { RunSummary } from '../../../src/operations/runs/summary';

function run(runId: string, more: Partial<RunSummary> = {}): RunSummary {
  return {
    runId,
    temporalRunId: `t-${runId}`,
    tapestry: 'orders',
    planHash: 'sha256:1',
    status: 'succeeded',
    startedAt: 1,
    tags: [],
    ...more,
  };
}

const below = (runId: string, whole: string, more: Partial<RunSummary> = {}): RunSummary =>
  run(runId, { partOf: { runId: whole }, ...more });

const shown = (lines: readonly RunLine[]): string[] =>
  lines.map(({ depth, whole, parts, worst, worstCount }) => {
    const name = 'runId' in whole ? whole.runId : whole.stream;
    return `${'  '.repeat(depth)}${name}${parts > 0 ? ` ${parts} runs, ${worstCount} ${worst}` : ''}`;
  });

const NONE = new Set<string>();

test('runs stand below what they are part of, folded, with a count and the worst status', () => {
  const runs = [
    run('later'),
    below('p3', 'fill'),
    below('inner', 'p2', { status: 'failed' }),
    below('p2', 'fill'),
    run('fill', { status: 'running' }),
    run('earlier'),
  ];
  expect(shown(linesOf(runs, NONE))).toEqual(['later', 'fill 3 runs, 1 failed', 'earlier']);
  expect(shown(linesOf(runs, new Set(['run fill'])))).toEqual([
    'later',
    'fill 3 runs, 1 failed',
    '  p3',
    '  p2 1 runs, 1 failed',
    'earlier',
  ]);
});

test('a whole that is not loaded stands for its parts, unless there is one alone; older pages move no line', () => {
  const first = [below('p3', 'fill'), run('other')];
  expect(shown(linesOf(first, NONE))).toEqual(['p3', 'other']);
  const more = [...first, below('p2', 'fill', { status: 'running' })];
  expect(shown(linesOf(more, NONE))).toEqual(['fill 2 runs, 1 running', 'other']);
  expect(linesOf(more, NONE)[0]!.run).toBeUndefined();
  expect(shown(linesOf([...more, run('fill')], NONE))).toEqual(['fill 2 runs, 1 running', 'other']);
});

test('runs of a stream stand together; several executions with one id are lines of their own', () => {
  const ofStream = (runId: string) => run(runId, { partOf: { stream: 'orders' } });
  const twice = [run('again', { temporalRunId: 't-2' }), run('again', { temporalRunId: 't-1' })];
  const lines = linesOf([ofStream('a'), ...twice, ofStream('b')], NONE);
  expect(shown(lines)).toEqual(['orders 2 runs, 2 succeeded', 'again', 'again']);
  expect(new Set(lines.map(({ key }) => key)).size).toBe(3);
});

test('runs that claim to be part of each other are shown', () => {
  expect(linesOf([below('a', 'b'), below('b', 'a')], NONE)).toHaveLength(1);
});

test('a list of 20,000 runs takes at most 300 ms', () => {
  const runs = Array.from({ length: 20_000 }, (_, index) =>
    index % 10 === 0 ? run(`r${index}`) : below(`r${index}`, `r${index - (index % 10)}`),
  );
  const times = Array.from({ length: 3 }, () => {
    const began = process.cpuUsage().user;
    expect(linesOf(runs, NONE)).toHaveLength(2_000);
    return (process.cpuUsage().user - began) / 1_000;
  });
  expect(Math.min(...times)).toBeLessThan(300);
});
