import { z } from 'zod';
import { knot, runLocally, tapestry } from '../../../src';
import { treeOrder } from '../../../src/cli/show/tree-order';
import { watchLines, type WatchedKnot } from '../../../src/cli/show/watch-lines';
import { parentsOf, type GraphState } from '../../../src/authoring/run-graph';
import { recordedOutput } from './output-streams';

const { output } = recordedOutput();
const ended = (startedAt: number, finishedAt: number, more: Partial<GraphState> = {}): GraphState => ({
  outcome: 'ok',
  scheduledAt: startedAt,
  startedAt,
  finishedAt,
  attempt: 1,
  ...more,
});
const SIZE = { columns: 80, rows: 20, startedAt: 0, now: 10_000 };
const KNOTS: readonly WatchedKnot[] = [
  { id: 'param:x', depth: 0, state: ended(0, 0) },
  { id: 'fetch', depth: 1, state: ended(0, 5_000, { attempt: 3 }) },
  {
    id: 'parse',
    depth: 2,
    state: ended(5_000, 6_000, {
      outcome: 'err',
      error: { type: 'RangeError', message: 'odd\u001b[2J\nline' },
    }),
  },
  { id: 'train', depth: 1, waiting: { state: 'running', since: 5_000 }, usualMs: 1_000 },
  { id: 'approve', depth: 2, waiting: { state: 'waiting', signal: 'approval' } },
  { id: 'late', depth: 3, state: ended(9_000, 9_000, { outcome: 'skipped', skipReason: 'cancelled' }) },
  { id: 'report', depth: 3 },
];

test('each knot has a line, with a bar of when it ran since the run began', () => {
  expect(`\n${watchLines(KNOTS, SIZE, output).join('\n')}\n`).toBe(`
✓ param:x       ━                                     0 ms
✓   fetch       ━━━━━━━━━━━━━━━━━━                    5.0 s, ×3
✗     parse                       ━━━━                1.0 s  RangeError: odd\\u…
▸   train                         ╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍╍  running 5.0 s, slow: usu…
◦     approve                                         waits for approval
−       late                                          cancelled
·       report
`);
});

test.each([20, 40, 80, 200])('no line is wider than a terminal of %i columns', (columns) => {
  for (const line of watchLines(KNOTS, { ...SIZE, columns }, output))
    expect(line.length).toBeLessThan(columns);
});

test('where not all fit, those stay that tell the most, in their order', () => {
  const lines = watchLines(KNOTS, { ...SIZE, rows: 4 }, output);
  expect(lines.map((line) => line.trim().split(/\s+/).slice(0, 2).join(' '))).toEqual([
    '✗ parse',
    '▸ train',
    '◦ approve',
    'and 4',
  ]);
});

test('a tree has each knot once, below the parent that is the deepest', async () => {
  const inc = knot('inc', (inputs: Record<string, number>) =>
    Object.values(inputs).reduce((a, b) => a + b, 1),
  );
  const t = tapestry('t', (b) => {
    const x = b.parameter('x', z.number());
    const a = inc({ x }, { id: 'a' });
    const c = inc({ x }, { id: 'c' });
    const d = inc({ a }, { id: 'd' });
    inc({ c, d }, { id: 'e' });
  });
  const { knots } = (await runLocally(t, { x: 1 })).graph;
  expect(treeOrder(knots.map(parentsOf)).map(({ index, depth }) => [knots[index]!.id, depth])).toEqual([
    ['param:x', 0],
    ['a', 1],
    ['d', 2],
    ['e', 3],
    ['c', 1],
  ]);
});
