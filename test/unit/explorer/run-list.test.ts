import fc from 'fast-check';
import type { RunSummary } from '../../../src/operations/runs/summary';
import {
  NO_RUNS,
  withEvents,
  withFresh,
  withHead,
  withPage,
  type RunList,
} from '../../../src/explorer/page/run-list';
import { matchesText, runsAsk, timeIn } from '../../../src/explorer/page/runs-ask';

function run(startedAt: number, more: Partial<RunSummary> = {}): RunSummary {
  return {
    runId: `run-${startedAt}`,
    temporalRunId: `t-${startedAt}`,
    tapestry: 'orders',
    planHash: 'sha256:1',
    status: 'running',
    startedAt,
    tags: [],
    ...more,
  };
}

const ids = (runs: readonly RunSummary[]): number[] => runs.map(({ startedAt }) => startedAt);

test('pages follow each other, and a run that comes with two of them is there once', () => {
  let list = withPage(NO_RUNS, { items: [run(9), run(8)], cursor: 'a' });
  list = withPage(list, { items: [run(8), run(7)] });
  expect(ids(list.rows)).toEqual([9, 8, 7]);
  expect(list.cursor).toBeUndefined();
});

test('a run that begins later waits until it is asked for; one that is shown becomes what is said of it, where it stands', () => {
  let list = withPage(NO_RUNS, { items: [run(9), run(8)], cursor: 'a' });
  list = withHead(list, { items: [run(11), run(10), run(9, { status: 'failed' })], cursor: 'b' });
  expect(ids(list.rows)).toEqual([9, 8]);
  expect(list.rows[0]!.status).toBe('failed');
  expect(ids(list.fresh)).toEqual([11, 10]);
  expect(list.cursor).toBe('a');
  list = withHead(list, { items: [run(12)] });
  expect(ids(list.fresh)).toEqual([12, 11, 10]);
  list = withFresh(list);
  expect(ids(list.rows)).toEqual([12, 11, 10, 9, 8]);
  expect(list.fresh).toEqual([]);
});

test('the first runs of an empty list are shown as they come', () => {
  const empty = withHead(NO_RUNS, { items: [] });
  expect(empty.isThere).toBe(true);
  expect(ids(withHead(empty, { items: [run(1)] }).rows)).toEqual([1]);
});

test('what is older than all that is shown is left to its page', () => {
  const list = withPage(NO_RUNS, { items: [run(9)], cursor: 'a' });
  expect(withHead(list, { items: [run(9), run(8)], cursor: 'b' }).fresh).toEqual([]);
});

test('an end is shown of runs beyond the first page, too, and never taken back', () => {
  const list = withPage(NO_RUNS, { items: [run(9), run(8)] });
  const ended = {
    kind: 'run-ended',
    runId: 'run-8',
    temporalRunId: 't-8',
    tapestry: 'orders',
    status: 'failed',
    at: 20,
  } as const;
  const after = withEvents(list, [ended]);
  expect(after.rows[1]).toMatchObject({ status: 'failed', finishedAt: 20 });
  expect(withEvents(after, [{ ...ended, status: 'succeeded', at: 30 }]).rows[1]).toMatchObject({
    status: 'failed',
    finishedAt: 20,
  });
});

test('whatever comes in whatever order: each run once, and rows stay in their order', () => {
  const page = fc
    .uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 8 })
    .map((times) => [...times].sort((a, b) => b - a).map((at) => run(at)));
  const step = fc.record({
    kind: fc.constantFrom('head', 'page', 'fresh'),
    runs: page,
    hasMore: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let list: RunList = NO_RUNS;
      for (const { kind, runs, hasMore } of steps) {
        const before = list;
        const answer = { items: runs, ...(hasMore && { cursor: 'c' }) };
        list =
          kind === 'head'
            ? withHead(list, answer)
            : kind === 'page'
              ? withPage(list, answer)
              : withFresh(list);
        const all = [...list.rows, ...list.fresh].map(({ temporalRunId }) => temporalRunId);
        expect(new Set(all).size).toBe(all.length);
        if (kind !== 'fresh') expect(ids(list.rows).slice(0, before.rows.length)).toEqual(ids(before.rows));
      }
    }),
  );
});

test('filters of the URL become what is asked; what is no status or time is left out', () => {
  const now = Date.parse('2026-03-02T12:00:00Z');
  expect(
    runsAsk(
      {
        tapestry: 'a',
        status: 'failed',
        since: '24h',
        until: '2026-03-02T11:00:00Z',
        text: 'x',
        view: 'grid',
      },
      now,
    ),
  ).toEqual({
    tapestry: 'a',
    status: 'failed',
    since: now - 86_400_000,
    until: now - 3_600_000,
  });
  expect(runsAsk({ status: 'broken', since: 'soon' }, now)).toEqual({});
  expect(timeIn('90m', now)).toBe(now - 5_400_000);
});

test('a text is looked for word by word, in capitals or not', () => {
  expect(matchesText({ runId: 'Nightly-Orders-7' }, 'orders nightly')).toBe(true);
  expect(matchesText({ runId: 'Nightly-Orders-7' }, 'orders 8')).toBe(false);
  expect(matchesText({ runId: 'a' }, undefined)).toBe(true);
});
