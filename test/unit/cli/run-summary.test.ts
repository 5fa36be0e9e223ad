import { runDocument } from '../../../src/cli/show/run-document';
import { NO_NOTES, type RunNotes } from '../../../src/cli/show/run-notes';
import { summarise, type Summary } from '../../../src/cli/show/run-summary';
import type { ExceptionRecord, RunResult } from '../../../src/authoring/outcome';
import { docsOf } from '../../../src/errors';
import { recordedOutput } from './output-streams';

const lineage = { location: '/p/.selvage/selvage.db', command: 'selvage lineage --run r' };
const error: ExceptionRecord = {
  id: 'e',
  type: 'RangeError',
  message: 'too much\nsecond line',
  traceback: 'RangeError: too much\n    at node:fs:1:1\n    at body (/p/pipeline.ts:8:9)',
  at: '/p/pipeline.ts:8:9',
  cause: {
    type: 'AggregateError',
    message: '',
    errors: [
      { type: 'Error', message: 'connect\n  refused', at: '/p/net.ts:1:2' },
      { type: 'Error', message: 'no', cause: { type: 'string', message: 'deep' } },
    ],
  },
  attempt: 3,
};
const failed: RunResult = {
  runId: 'r',
  status: 'failed',
  succeeded: false,
  outputs: { 'param:x': 5, d: new Date(0) },
  outcomes: {
    'param:x': { kind: 'ok', value: 5 },
    d: { kind: 'ok', value: new Date(0) },
    e: { kind: 'err', error },
    f: { kind: 'skipped', reason: 'parent_failed_or_skipped', detail: { anyErr: true, parents: ['e', 'd'] } },
    g: { kind: 'skipped', reason: 'parent_failed_or_skipped', detail: { anySkipped: true, parents: ['f'] } },
  },
  values: { date: new Date(0) },
  graph: { tapestry: 't', planHash: '', knots: [] },
};

function summaryOf(
  result: RunResult,
  terminals: Record<string, string>,
  more: Partial<Summary> = {},
): string[] {
  const summary = { result, terminals, elapsed: 1500, lineage, notes: NO_NOTES, ...more };
  return summarise(summary, recordedOutput().output).split('\n');
}

test('a failed run: verdict, terminals, failures with the place, and where to ask on', () => {
  expect(summaryOf(failed, { date: 'd', last: 'g', e: 'e' })).toEqual([
    '',
    'Run r failed in 1.5 s: 2 knots ok, 1 failed, 2 skipped',
    '  date  1970-01-01T00:00:00.000Z',
    '  last  skipped, because e failed',
    '  e     failed',
    '',
    'Failed',
    '  e  RangeError: too much (attempt 3)',
    '    at /p/pipeline.ts:8:9',
    '    caused by AggregateError',
    '      - Error: connect refused (/p/net.ts:1:2)',
    '      - Error: no',
    '        caused by string: deep',
    '',
    'Lineage  /p/.selvage/selvage.db',
    '         selvage lineage --run r',
  ]);
});

test('what to do next, what was reused, and elements that failed without failing their map', () => {
  const resume = 'npx selvage resume r pipeline.ts';
  const notes: RunNotes = {
    failedElements: [
      { knotId: 'pages', failed: 3, count: 100, onError: 'skip' },
      { knotId: 'words', failed: 1, count: 2, onError: 'collect' },
    ],
    reused: { knots: 1, elements: 40, savedMs: 185_000 },
  };
  expect(summaryOf(failed, {}, { resume, notes }).slice(-7)).toEqual([
    '',
    "Elements  3 of 100 of pages failed and were left out (onError: 'skip')",
    "          1 of 2 of words failed and are in its value as outcomes (onError: 'collect')",
    'Reused    1 knot and 40 elements of maps, which saved 3 min 5 s',
    'Resume    npx selvage resume r pipeline.ts',
    'Lineage   /p/.selvage/selvage.db',
    '          selvage lineage --run r',
  ]);
  const ended = (changes: Partial<RunResult>): string =>
    summaryOf({ ...failed, ...changes }, {}, { resume }).join('\n');
  expect(ended({ status: 'cancelled' })).toContain(resume);
  expect(ended({ status: 'succeeded', succeeded: true })).not.toContain(resume);
  expect(ended({ outcomes: {} })).not.toContain(resume);
  expect(ended({ error: { type: 'InvalidParameters', message: 'no' } })).not.toContain(resume);
});

test('the documentation of the first error is named if its code is one of ours', () => {
  const outcomes: RunResult['outcomes'] = {
    slow: { kind: 'err', error: { ...error, type: 'BodyTimeout' } },
    e: { kind: 'err', error },
  };
  const linesOf = (changes: Partial<RunResult>): string[] =>
    summaryOf({ ...failed, ...changes }, {}).slice(-3);
  expect(linesOf({ outcomes })).toContain(`Docs     ${docsOf('BodyTimeout')}`);
  const late = { type: 'DeadlineExceeded', message: 'late' };
  expect(linesOf({ outcomes, error: late })).toContain(`Docs     ${docsOf('DeadlineExceeded')}`);
  expect(linesOf({}).join()).not.toContain('Docs');
});

test('a terminal without a value says why: a gate that closed, a path that was not selected, above or itself', () => {
  const skipped = { kind: 'skipped' as const, reason: 'parent_failed_or_skipped' as const };
  const outcomes: RunResult['outcomes'] = {
    big: { kind: 'skipped', reason: 'gate_closed' },
    'kind:a': { kind: 'skipped', reason: 'branch_not_selected' },
    below: { ...skipped, detail: { anySkipped: true, parents: ['big'] } },
    both: { ...skipped, detail: { anySkipped: true, parents: ['below', 'kind:a', 'e'] } },
    e: { kind: 'err', error },
  };
  const lines = summaryOf({ ...failed, outcomes, values: {} }, { big: 'big', below: 'below', both: 'both' });
  expect(lines.slice(2, 5)).toEqual([
    '  big    skipped, because gate big closed',
    '  below  skipped, because gate big closed',
    '  both   skipped, because e failed and kind:a was not selected and gate big closed',
  ]);
});

test('a thousand failures are not listed one by one, and those with one cause are one', () => {
  const outcomesOf = (messageOf: (at: number) => string): RunResult['outcomes'] =>
    Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [
        `k${i}`,
        { kind: 'err' as const, error: { ...error, message: messageOf(i) } },
      ]),
    );
  const lines = summaryOf({ ...failed, outcomes: outcomesOf((at) => `no ${at}`), values: {} }, {});
  expect(lines.length).toBeLessThan(150);
  expect(lines).toContain('  and 980 more');
  const alike = summaryOf({ ...failed, outcomes: outcomesOf((at) => `no\n${at}`), values: {} }, {});
  expect(alike.filter((line) => line.includes('RangeError'))).toHaveLength(1);
  expect(alike).toContainEqual(
    expect.stringMatching(/^ {4}the same error in 999 other knots: k1, k2, .*k20, and 979 more$/),
  );
});

test('a failed run names the attempt, the comparison and the command that runs the first failure again', () => {
  const graph = {
    ...failed.graph,
    knots: [{ id: 'e', kind: 'knot' as const, configHash: '', inputs: [], maximumAttempts: 3 }],
  };
  const next = {
    compare: 'selvage diff good r',
    debug: (knot: string) => `selvage debug r FILE --knot ${knot}`,
  };
  const lines = summaryOf({ ...failed, graph }, {}, next);
  expect(lines).toContain('  e  RangeError: too much (attempt 3 of 3)');
  expect(lines.slice(-4, -2)).toEqual([
    'Compare  selvage diff good r',
    'Debug    selvage debug r FILE --knot e',
  ]);
  expect(summaryOf({ ...failed, status: 'cancelled' }, {}, next).join('\n')).not.toContain('Compare');
});

test('a run that ended early says why; a cancelled terminal is said to be', () => {
  const lines = summaryOf(
    {
      ...failed,
      status: 'terminated',
      outcomes: { d: { kind: 'skipped', reason: 'cancelled' } },
      values: {},
      error: { type: 'RunTerminated', message: 'by hand' },
    },
    { d: 'd', never: 'never' },
  );
  expect(lines.slice(1, 5)).toEqual([
    'Run r terminated in 1.5 s: 0 knots ok, 0 failed, 1 skipped',
    'RunTerminated: by hand',
    '  d      skipped: the run was cancelled',
    '  never  no outcome',
  ]);
});

test('the document has values once, tagged where JSON cannot say them', () => {
  const server = { address: 'a:1', namespace: 'default', source: 'embedded' };
  const document = runDocument(failed, { tapestry: 't', lineage, server, notes: NO_NOTES });
  expect(JSON.parse(JSON.stringify(document))).toEqual({
    runId: 'r',
    tapestry: 't',
    status: 'failed',
    succeeded: false,
    counts: { ok: 2, err: 1, skipped: 2 },
    values: { date: { $type: 'date', value: '1970-01-01T00:00:00.000Z' } },
    outputs: { 'param:x': 5, d: { $type: 'date', value: '1970-01-01T00:00:00.000Z' } },
    outcomes: {
      'param:x': { kind: 'ok' },
      d: { kind: 'ok' },
      e: failed.outcomes['e'],
      f: failed.outcomes['f'],
      g: failed.outcomes['g'],
    },
    lineage,
    server,
  });
});
