import { closing, report } from '../../../scripts/tests/run-groups';
import { summarise } from '../../../scripts/tests/summary';

const ROOT = '/project';

interface Assertion {
  status: 'passed' | 'failed' | 'pending';
  fullName: string;
  failureMessages?: string[];
}

const ofFile = (file: string, assertionResults: Assertion[], message = ''): object => ({
  name: `${ROOT}/${file}`,
  status: message || assertionResults.some(({ status }) => status === 'failed') ? 'failed' : 'passed',
  startTime: 0,
  endTime: 1500,
  message,
  assertionResults,
});

function outcome(
  testResults: object[] | undefined,
  wanted: string[],
  code = 1,
): Parameters<typeof report>[0] {
  const summary = summarise(testResults && { testResults }, wanted, ROOT, code);
  return [{ name: 'core', budget: 15, minutes: 2, ...summary }];
}

test('the last lines name each test that failed by file, group and full name, above the counts', () => {
  const outcomes = outcome(
    [
      ofFile('test/a.test.ts', [
        { status: 'passed', fullName: 'a passes' },
        { status: 'failed', fullName: 'a run that is cancelled\n is on record' },
      ]),
      ofFile('test/b.test.ts', [{ status: 'pending', fullName: 'b (skipped: no disk)' }]),
    ],
    ['test/a.test.ts', 'test/b.test.ts'],
  );
  expect(closing(outcomes)).toBe(
    'Failed:\n  test/a.test.ts (core): a run that is cancelled is on record\n\n1 passed, 1 failed, 1 skipped\n',
  );
  expect(report(outcomes)).toMatch(/^core +2 +1 +1 +1 +2\.0 +15$/m);
});

test('the first lines of each failure are told again, without colours', () => {
  const message = `\u001b[31mExpected: 1\u001b[39m\n\nReceived: 2\n${'    at somewhere\n'.repeat(40)}`;
  const failed = { status: 'failed' as const, fullName: 'adds', failureMessages: [message] };
  const text = report(outcome([ofFile('test/a.test.ts', [failed])], ['test/a.test.ts']));
  expect(text).toContain('\ntest/a.test.ts: adds\n  Expected: 1\n  Received: 2\n      at somewhere\n');
  expect(text.match(/at somewhere/g)!.length).toBe(13);
});

test('a file that could not be loaded is named with the reason', () => {
  const message =
    "  ● Test suite failed to run\n\n    \u001b[31mCannot find module\u001b[39m './gone'\n\n      at x";
  expect(closing(outcome([ofFile('test/a.test.ts', [], message)], ['test/a.test.ts']))).toContain(
    "  test/a.test.ts (core): could not be run: Cannot find module './gone'\n",
  );
});

test('files that jest never ended are named, where it was killed and where it left some out', () => {
  expect(closing(outcome(undefined, ['test/a.test.ts', 'test/b.test.ts']))).toBe(
    'Failed:\n  test/a.test.ts (core): did not come to its end\n  test/b.test.ts (core): did not come to its end\n\n0 passed, 2 failed, 0 skipped\n',
  );
  const passed = ofFile('test/a.test.ts', [{ status: 'passed', fullName: 'a passes' }]);
  expect(closing(outcome([passed], ['test/a.test.ts', 'test/b.test.ts'], 0))).toContain(
    'test/b.test.ts (core): did not come to its end',
  );
});

test('jest that fails with no test that failed counts as a failure; where all passed, only the counts stand there', () => {
  const passed = ofFile('test/a.test.ts', [{ status: 'passed', fullName: 'a passes' }]);
  expect(closing(outcome([passed], ['test/a.test.ts'], 1))).toBe(
    'Failed:\n  jest (core): ended with status 1\n\n1 passed, 1 failed, 0 skipped\n',
  );
  expect(closing(outcome([passed], ['test/a.test.ts'], 0))).toBe('1 passed, 0 failed, 0 skipped\n');
});
