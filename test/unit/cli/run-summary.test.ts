import { runDocument } from '../../../src/cli/run-document';
import { summarise } from '../../../src/cli/run-summary';
import type { ExceptionRecord, RunResult } from '../../../src/model/outcome';
import { recordedOutput } from './output-streams';

const lineage = { place: '/p/.selvage/selvage.db', command: 'selvage lineage --run r' };
const error: ExceptionRecord = {
  id: 'e',
  type: 'RangeError',
  message: 'too much\nsecond line',
  traceback: 'RangeError: too much\n    at body (/p/pipeline.ts:8:9)\n    at other',
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
};

function summaryOf(result: RunResult, terminals: Record<string, string>): string[] {
  return summarise({ result, terminals, elapsed: 1500, lineage }, recordedOutput().output).split('\n');
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
    '    at body (/p/pipeline.ts:8:9)',
    '',
    'Lineage  /p/.selvage/selvage.db',
    '         selvage lineage --run r',
  ]);
});

test('a thousand failures are not listed one by one', () => {
  const outcomes = Object.fromEntries(
    Array.from({ length: 1000 }, (_, i) => [`k${i}`, { kind: 'err' as const, error }]),
  );
  const lines = summaryOf({ ...failed, outcomes, values: {} }, {});
  expect(lines.length).toBeLessThan(60);
  expect(lines).toContain('  and 980 more');
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
  const document = runDocument(failed, { tapestry: 't', lineage, server });
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
