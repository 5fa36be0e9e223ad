import type { GraphState } from '../../../src/authoring/run-graph';
import { cellWords } from '../../../src/explorer/page/grid-model';
import { lookOf, marksOf, usualOf, usualTimes, type SeenKnot } from '../../../src/visualisation/marks';

const ended = (more: Partial<GraphState> = {}): GraphState => ({
  outcome: 'ok',
  scheduledAt: 0,
  startedAt: 0,
  finishedAt: 1_000,
  attempt: 1,
  ...more,
});
const elements = { count: 20_000, failed: 1 };

test.each<[string, SeenKnot, string, string, ...string[]]>([
  ['it has ended', { state: ended() }, 'ok', 'ok'],
  ['after three attempts', { state: ended({ attempt: 3 }) }, 'ok', 'ok', '×3'],
  ['with a failed element', { state: ended({ elements }) }, 'ok', 'ok', '1 of 20,000 failed'],
  ['reused', { state: ended({ cachedFromRun: 'r', attempt: 2 }), usualMs: 1 }, 'reused', 'reused'],
  ['failed', { state: ended({ outcome: 'err', attempt: 2 }) }, 'failed', 'failed', '×2'],
  ['skipped', { state: ended({ outcome: 'skipped', attempt: 2 }) }, 'skipped', 'skipped'],
  ['nothing is known', {}, 'pending', 'pending'],
  ['its parents run', { waiting: { state: 'blocked', signal: 's' } }, 'pending', 'pending'],
  ['a signal', { waiting: { state: 'waiting', signal: 'approve' } }, 'waiting', 'waits for approve'],
  ['a retry', { waiting: { state: 'retrying', attempt: 2 } }, 'waiting', 'waiting', '×2'],
  ['it runs', { waiting: { state: 'running', since: 0 }, usualMs: 9_000 }, 'running', 'running'],
])('%s', (_, knot, status, word, ...notes) => expect(marksOf(knot, 10_000)).toEqual({ status, word, notes }));

test('a knot is slow by half and a second more than usual, as it ended or by now', () => {
  const took = (finishedAt: number, usualMs: number): readonly string[] =>
    marksOf({ state: ended({ finishedAt }), usualMs }).notes;
  expect(took(3_000, 2_000)).toEqual(['slow: usually 2.0 s at most']);
  expect(took(2_999, 2_000)).toEqual([]);
  expect(took(90, 10)).toEqual([]);
  const running: SeenKnot = { waiting: { state: 'running', since: 0 }, usualMs: 2_000 };
  expect(marksOf(running, 3_000).notes).toEqual(['slow: usually 2.0 s at most']);
  expect(marksOf(running).notes).toEqual([]);
});

test('usual are the times of definitions that ran often enough, and of knots with a body of their own', () => {
  const figures = { ran: 5, durationMs: { p95: 7 } };
  const usual = usualTimes([
    { name: 'often', ...figures },
    { name: 'seldom', ...figures, ran: 4 },
    { name: 'never', ran: 5, durationMs: null },
    { name: 'selvage.inline', ...figures },
  ]);
  expect([...usual]).toEqual([['often', 7]]);
  expect(usualOf(usual, { kind: 'knot', definition: 'often' })).toBe(7);
  expect(usualOf(usual, { kind: 'map', definition: 'often' })).toBeUndefined();
});

test('a picture knows outcomes alone; a cell of the grid has the same marks', () => {
  expect(lookOf({})).toBe('open');
  expect(lookOf({ state: ended({ cachedFromRun: 'r' }) })).toBe('reused');
  expect(cellWords('o', undefined)).toBe('ok');
  expect(cellWords('e', { attempt: 3, elements })).toBe('failed, ×3, 1 of 20,000 failed');
  expect(cellWords('w', { signal: 'approve' })).toBe('waits for approve');
  expect(cellWords('w', undefined)).toBe('waits for a signal');
});
