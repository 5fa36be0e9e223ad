import { examineNode } from '../../../src/cli/doctor/examine';
import {
  formatDuration,
  formatError,
  formatTable,
  formatValue,
  shorten,
} from '../../../src/cli/output/format';
import { endsWithParent } from '../../../src/cli/process/parent-watch';
import { nextPage, ownCommand } from '../../../src/cli/output/typed-commands';
import { shellLine } from '../../../src/values/shell-line';
import { describePlace } from '../../../src/cli/location/connect';
import { reportError } from '../../../src/cli/output/report-error';
import { workerWords } from '../../../src/cli/options/server-options';
import { docsOf, SelvageError } from '../../../src/errors';
import { recordedOutput } from './output-streams';

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [9_940, '9.9 s'],
  [12_400, '12 s'],
  [59_900, '1 min 0 s'],
  [185_000, '3 min 5 s'],
  [7_440_000, '2 h 4 min'],
])('%d ms are %s', (milliseconds, expected) => {
  expect(formatDuration(milliseconds)).toBe(expected);
});

test('values and texts are short and on one line', () => {
  expect(formatValue('all', { a: [1, 'x'] })).toBe(`{ a: [ 1, 'x' ] }`);
  const secrets = { token: 'sesame', rows: 3, of: 'postgres://app:sesame@db' };
  expect(formatValue('login', secrets)).toBe(
    `{ token: '[redacted]', rows: 3, of: 'postgres://[redacted]@db' }`,
  );
  expect(formatValue('apiKey', 'sesame')).toBe('[redacted]');
  expect(formatError({ type: 'Error', message: 'refused Bearer sesame-1' }, 80)).toBe(
    'Error: refused Bearer [redacted]',
  );
  const long = formatValue(
    'long',
    Array.from({ length: 1000 }, (_, i) => `text\n${i}`.repeat(20)),
  );
  expect(long.length).toBeLessThanOrEqual(200);
  expect(long).not.toContain('\n');
  expect(shorten('first\nsecond', 10)).toBe('first');
  expect(shorten('abcdef', 4)).toBe('abc…');
});

test('a table has columns and no spaces at the ends of lines', () => {
  expect(
    formatTable(
      ['A', 'LONG'],
      [
        ['xxx', 'y'],
        ['z', ''],
      ],
    ),
  ).toBe('A    LONG\nxxx  y\nz');
});

test('a table shows no secret, wherever the text of a cell is from', () => {
  const table = formatTable(['RUN', 'WHY'], [['r', 'Error: postgres://app:hunter2@db/x']]);
  expect(table.split('\n')[1]).toBe('r    Error: postgres://[redacted]@db/x');
});

test('what the user is told to type works in a shell, however we were called', () => {
  expect(shellLine(['run', 'my file.ts', '--param', `s=it's`, 'a=1,b'])).toBe(
    `run 'my file.ts' --param 's=it'\\''s' a=1,b`,
  );
  expect(ownCommand('/usr/bin/selvage', {})).toBe('selvage');
  expect(ownCommand('/p/node_modules/.bin/selvage', { npm_execpath: '/npm' })).toBe('npx selvage');
  expect(ownCommand('/p/lib/cli/main.js', {})).toBe('npx selvage');
  const own = ownCommand();
  expect(nextPage('c2', ['runs', 'list', '--cursor', 'c1', '--limit', '5'])).toBe(
    `${own} runs list --limit 5 --cursor c2`,
  );
});

test('a place names server and namespace, and warns of a web page', () => {
  const place = { address: 'h:1', namespace: 'n' };
  expect(describePlace({ ...place, source: 'embedded' })).toBe('Temporal embedded server h:1, namespace n');
  expect(describePlace({ ...place, source: 'embedded', uiUrl: 'http://h:2' })).toMatch(
    /^Temporal embedded server h:1, namespace n \(http:\/\/h:2\)\nwarning .*no password/,
  );
  expect(describePlace({ ...place, source: 'TEMPORAL_ADDRESS' })).toBe('Temporal server h:1, namespace n');
});

test('options go on to a worker process as they were given', () => {
  expect(
    workerWords({ address: 'h:1', projectDir: 'p q', taskQueue: 't', durable: true, verbose: true }),
  ).toEqual(['--address', 'h:1', '--project-dir', 'p q', '--task-queue', 't', '--durable', '--verbose']);
  expect(workerWords({})).toEqual([]);
});

describe('errors', () => {
  const error = new SelvageError('FileNotFound', 'There is no file x.', { cause: new Error('ENOENT') });

  test('of ours: one line and the address of its documentation, exit code 2; the stack with its causes only if asked for', () => {
    const plain = recordedOutput();
    expect(reportError(error, plain.output)).toBe(2);
    expect(plain.stderr.text).toBe(`error FileNotFound: There is no file x.\n${docsOf('FileNotFound')}\n`);
    const verbose = recordedOutput({ verbose: true });
    reportError(error, verbose.output);
    expect(verbose.stderr.text).toMatch(/at .*small-parts\.test\.ts[^]*caused by: Error: ENOENT/);
  });

  test('with json, the document says it, too', () => {
    const { output, stdout } = recordedOutput({ json: true });
    reportError(error, output);
    expect(JSON.parse(stdout.text)).toEqual({
      error: { code: 'FileNotFound', message: 'There is no file x.', docs: docsOf('FileNotFound') },
    });
  });

  test('with json, the document has what the code alone does not tell', () => {
    const { output, stdout } = recordedOutput({ json: true });
    const problems = [{ path: 'x', code: 'MissingParameter', message: 'missing' }];
    const details = { reason: 'Empty', problems, folder: '/private' };
    reportError(new SelvageError('InvalidName', 'No name.', { details }), output);
    expect(JSON.parse(stdout.text)).toEqual({
      error: {
        code: 'InvalidName',
        message: 'No name.',
        reason: 'Empty',
        problems,
        docs: docsOf('InvalidName'),
      },
    });
  });

  test('of nobody: with the stack, exit code 70', () => {
    const { output, stderr } = recordedOutput();
    expect(reportError(new TypeError('x is undefined'), output)).toBe(70);
    expect(stderr.text).toMatch(
      /^error InternalError: x is undefined\nhttps:\S+#internalerror\n.*small-parts\.test\.ts[^]*report it/s,
    );
    expect(reportError('thrown text', recordedOutput().output)).toBe(70);
  });

  test('of the SDK: without the bytes of a message, and without control characters', () => {
    const { output, stderr } = recordedOutput();
    const status = String.raw`Status { code: Internal, message: "broken", details: b"\x08\"\x05", metadata: MetadataMap { headers: {"a": "b"} }, source: None }`;
    reportError(new Error(`Not done: ${status} \u001b[2J`), output);
    expect(stderr.text).toContain('Not done: Status { code: Internal, message: "broken" } \\u001b[2J\n');
    expect(stderr.text).not.toMatch(/details|\u001b/);
  });
});

test.each([
  ['20.2.0', 'error'],
  ['18.20.0', 'error'],
  ['20.3.0', 'ok'],
  ['24.0.1', 'ok'],
])('Node %s is %s', (version, status) => {
  expect(examineNode(version).status).toBe(status);
});

test('a command that npm has started ends with its parent, unless it is meant to outlive it', () => {
  const behindNpm = { pid: 70, parent: 60, session: 50, environment: { npm_execpath: '/npm' } };
  expect(endsWithParent(behindNpm)).toBe(true);
  expect(endsWithParent({ ...behindNpm, session: undefined })).toBe(true);
  // Started by a shell or a supervisor.
  expect(endsWithParent({ ...behindNpm, environment: {} })).toBe(false);
  // Left to the system, the first of a container, with a session of its own, asked to.
  expect(endsWithParent({ ...behindNpm, parent: 1 })).toBe(false);
  expect(endsWithParent({ ...behindNpm, pid: 1, parent: 0 })).toBe(false);
  expect(endsWithParent({ ...behindNpm, session: 70 })).toBe(false);
  const detached = { npm_execpath: '/npm', SELVAGE_DETACHED: 'true' };
  expect(endsWithParent({ ...behindNpm, environment: detached })).toBe(false);
});
