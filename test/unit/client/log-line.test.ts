import { lineLogger, lineOf, tellLogger } from '../../../src/client/log-line';

describe('messages of the SDK', () => {
  const ofWorker = { sdkComponent: 'worker' };
  const ofBody = { sdkComponent: 'activity', activityId: 'fetch' };

  test.each([
    ['INFO' as const, 'Worker state changed', ofWorker, undefined],
    ['WARN' as const, 'Activity failed', { ...ofWorker, error: new Error('x') }, undefined],
    ['WARN' as const, 'Workflow failed', ofWorker, undefined],
    [
      'WARN' as const,
      'Slow\n  poll',
      { ...ofWorker, error: new Error('lost') },
      'warn temporal: Slow poll: lost',
    ],
    ['INFO' as const, '5 rows', ofBody, 'fetch: 5 rows'],
    ['ERROR' as const, 'no rows', ofBody, 'error fetch: no rows'],
    ['DEBUG' as const, 'row 1', ofBody, undefined],
  ])('%s %j', (level, message, meta, expected) => {
    expect(lineOf(level, message, meta, false)).toBe(expected);
  });

  test('all are shown if asked for', () => {
    expect(lineOf('WARN', 'Activity failed', ofWorker, true)).toBe('warn temporal: Activity failed');
    expect(lineOf('DEBUG', 'row 1', ofBody, true)).toBe('debug fetch: row 1');
  });
});

test('a logger of lines names the knot and shows its fields; of runs it tells if asked to', () => {
  const lines: string[] = [];
  let verbose = false;
  const write = (line: string): void => void lines.push(line);
  const logger = lineLogger(write, { isVerbose: () => verbose });
  const about = { run: 'r', knot: 'users[3]', attempt: 1 };
  logger.info({ ...about, a: 1, b: { c: 'd' } }, 'x');
  logger.warn({ ...about, err: new TypeError('no') }, 'x\ny');
  logger.debug(about, 'quiet');
  verbose = true;
  logger.debug(about, 'loud');
  logger.info({ run: 'r', tapestry: 't' }, 'Run r of t begins');
  lineLogger(write, { runs: true }).info({ run: 'r', tapestry: 't' }, 'Run r of t begins');
  expect(lines).toEqual([
    "users[3]: x { a: 1, b: { c: 'd' } }",
    "warn users[3]: x y { err: 'TypeError: no' }",
    'debug users[3]: loud',
    'Run r of t begins',
  ]);
});

test('a logger of the user hears the SDK more quietly than it speaks', () => {
  const heard: string[] = [];
  const method = (level: string) => (_: object, message: string) => void heard.push(`${level} ${message}`);
  const logger = {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  };
  tellLogger(logger, 'TRACE', 'a');
  tellLogger(logger, 'INFO', 'b');
  tellLogger(logger, 'WARN', 'Activity failed');
  tellLogger(logger, 'WARN', 'c', { error: new Error('no') });
  tellLogger(logger, 'ERROR', 'd');
  expect(heard).toEqual(['debug b', 'debug Activity failed', 'warn c', 'error d']);
});
