import { chosenLogFormat, entryOf, lineLogger, logLine, tellLogger } from '../../../src/connection/log-line';

describe('messages of the SDK', () => {
  const ofWorker = { sdkComponent: 'worker' };
  const ofBody = { sdkComponent: 'activity', activityId: 'fetch', workflowId: 'nightly' };
  const told = (...[level, message, meta, verbose = false]: Partial<Parameters<typeof entryOf>>) => {
    const entry = entryOf(level!, message!, meta, verbose);
    return entry && logLine(entry, 'text', 0).replace('1970-01-01T00:00:00.000Z ', '');
  };

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
    [
      'WARN' as const,
      'Failing workflow task',
      {
        sdkComponent: 'core',
        run_id: '01-ab',
        failure:
          'WorkflowFailure { failure: Some(Failure { message: "No \\"x\\": a\\nb", source: "", cause: Some(Failure { message: "c" }) }) }',
      },
      `warn temporal: Failing workflow task: No "x": a b { temporalRunId: '01-ab' }`,
    ],
    ['ERROR' as const, 'no', { ...ofWorker, workflowId: 'r' }, 'error temporal r: no'],
    ['ERROR' as const, 'no', { ...ofWorker, workflowId: 'r', runId: '01-ab' }, 'error temporal r: no'],
    ['INFO' as const, '5 rows', ofBody, 'info nightly fetch: 5 rows'],
    ['ERROR' as const, 'no rows', { ...ofBody, runId: 'r', knotId: 'k[3]' }, 'error r k[3]: no rows'],
    ['DEBUG' as const, 'row 1', ofBody, undefined],
  ])('%s %j', (level, message, meta, expected) => {
    expect(told(level, message, meta)).toBe(expected);
  });

  test('all are shown if asked for', () => {
    expect(told('WARN', 'Activity failed', ofWorker, true)).toBe('warn temporal: Activity failed');
    expect(told('DEBUG', 'row 1', ofBody, true)).toBe('debug nightly fetch: row 1');
  });
});

describe('a logger of lines', () => {
  const about = { runId: 'r', knotId: 'users[3]', attempt: 2 };

  function written(format: 'short' | 'text' | 'json', runs = false): string[] {
    const lines: string[] = [];
    let verbose = false;
    const logger = lineLogger((line) => void lines.push(line), { format, runs, isVerbose: () => verbose });
    logger.info({ ...about, a: 1, b: { c: 'd' } }, 'x');
    logger.warn({ ...about, err: new TypeError('no') }, 'x\ny');
    logger.debug(about, 'quiet');
    verbose = true;
    logger.debug(about, 'loud');
    logger.info({ runId: 'r', tapestry: 't' }, 'Run r of t begins');
    return lines;
  }

  test('names the knot and shows its fields; of runs it tells if asked to', () => {
    const lines = [
      "users[3]: x { a: 1, b: { c: 'd' } }",
      "warn users[3]: x y { err: 'TypeError: no' }",
      'debug users[3]: loud',
    ];
    expect(written('short')).toEqual(lines);
    expect(written('short', true)).toEqual([...lines, 'Run r of t begins']);
  });

  test('as text says when, how grave, and of which run', () => {
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
    const lines = written('text', true);
    expect(lines.filter((line) => !time.test(line))).toEqual([]);
    expect(lines.map((line) => line.replace(time, ''))).toEqual([
      "info r users[3]: x { a: 1, b: { c: 'd' } }",
      "warn r users[3]: x y { err: 'TypeError: no' }",
      'debug r users[3]: loud',
      'info Run r of t begins',
    ]);
  });

  test('as JSON says it by name, whatever the fields are', () => {
    const time = expect.stringMatching(/Z$/) as string;
    const [first, second, , last] = written('json', true).map((line) => JSON.parse(line) as unknown);
    expect(first).toEqual({ time, level: 'info', message: 'x', ...about, fields: { a: 1, b: { c: 'd' } } });
    expect(second).toMatchObject({ level: 'warn', fields: { err: { type: 'TypeError', message: 'no' } } });
    expect(last).toEqual({
      time,
      level: 'info',
      message: 'Run r of t begins',
      runId: 'r',
      fields: { tapestry: 't' },
    });

    const lines: string[] = [];
    const logger = lineLogger((line) => void lines.push(line), { format: 'json' });
    const circle: { of?: unknown } = {};
    circle.of = circle;
    logger.info({ ...about, time: 'mine', circle }, 'x');
    logger.info({ ...about, big: 1n }, 'x');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { time, level: 'info', message: 'x', ...about, fields: expect.stringContaining('Circular') as string },
      { time, level: 'info', message: 'x', ...about, fields: '{ big: 1n }' },
    ]);
  });
});

test('that a run failed is written where runs are told, and not by the command of that run, which says so itself', () => {
  const written = (runs: boolean): string[] => {
    const lines: string[] = [];
    const logger = lineLogger((line) => void lines.push(line), { format: 'short', runs });
    logger.warn({ runId: 'r', status: 'failed', error: { knotId: 'k' } }, 'Run r of t ended: failed');
    logger.warn({ runId: 'r', knotId: 'k', status: 500 }, 'of a body');
    return lines;
  };
  expect(written(false)).toEqual(['warn k: of a body { status: 500 }']);
  expect(written(true)).toEqual(['warn Run r of t ended: failed', 'warn k: of a body { status: 500 }']);
});

test('the format is what SELVAGE_LOG_FORMAT names, and nothing else', () => {
  expect(chosenLogFormat('short', {})).toBe('short');
  expect(chosenLogFormat('short', { SELVAGE_LOG_FORMAT: 'json' })).toBe('json');
  expect(() => chosenLogFormat('short', { SELVAGE_LOG_FORMAT: 'xml' })).toThrow(
    expect.objectContaining({ code: 'InvalidConfig' }),
  );
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
