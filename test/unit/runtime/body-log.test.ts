import { nodeSha256 } from '../../../src/backends';
import { BodyLog, bodyLogger, bodyLoggerBy } from '../../../src/runtime';
import type { Logger } from '../../../src/authoring/knot-context';

interface Line {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly fields?: unknown;
  readonly isCut?: true;
}

/** What is kept of what is written, and what went on to the logger. */
function written(write: (logger: Logger) => void) {
  const heard: [string, object, string][] = [];
  const hear = (level: string) => (fields: object, message: string) =>
    void heard.push([level, fields, message]);
  const log = new BodyLog();
  write(
    log.tap(
      bodyLogger({ debug: hear('debug'), info: hear('info'), warn: hear('warn'), error: hear('error') }),
    ),
  );
  const kept = log.store(nodeSha256);
  const text = kept ? Buffer.from(kept.values[0]!.bytes).toString() : '';
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  return { heard, kept, lines, text };
}

test('keeps each line with its time and level, and hands it on', () => {
  const { heard, kept, lines } = written((logger) => {
    logger.info('read', { rows: 3 });
    logger.error(new RangeError('too much'), 'it\u0000 failed\nhere');
  });
  expect(heard.map(([level, , message]) => [level, message])).toEqual([
    ['info', 'read'],
    ['error', 'it\u0000 failed\nhere'],
  ]);
  expect(lines).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      level: 'info',
      message: 'read',
      fields: { rows: 3 },
    },
    {
      time: expect.any(String) as string,
      level: 'error',
      message: 'it\u0000 failed\nhere',
      fields: { err: 'RangeError: too much' },
    },
  ]);
  expect(kept!.log).toEqual({ hash: kept!.values[0]!.hash, size: kept!.values[0]!.bytes.byteLength });
  expect(kept!.log.hash).toMatch(/^bytes-sha256:/);
});

test('fields are a plain object, whatever a body gives: lines of body hosts may have nothing else', () => {
  const fields: object[] = [];
  const logger = bodyLoggerBy((_, given) => fields.push(given));
  for (const given of [[1, 2], new Date(), new URL('a:b'), { x: 1 }, new Error('x')]) logger.info('x', given);
  for (const given of fields) expect(Object.getPrototypeOf(given)).toBe(Object.prototype);
});

test('nothing is kept of a body that writes nothing', () => {
  expect(written(() => {}).kept).toBeUndefined();
});

test('keeps whole lines from the end, 64 KiB at most, and says that it has left some out', () => {
  const { kept, lines } = written((logger) => {
    for (let n = 0; n < 3_000; n++) logger.info(`line ${n} ${'é'.repeat(20)}`);
  });
  expect(kept!.log).toMatchObject({ isCut: true });
  expect(kept!.log.size).toBeLessThanOrEqual(64 * 1024);
  expect(kept!.log.size).toBeGreaterThan(63 * 1024);
  expect(lines.at(-1)!.message).toMatch(/^line 2999 /);
});

test('a line that is too long is cut, and one whose fields are no JSON says so', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const { lines, text } = written((logger) => {
    logger.info('x'.repeat(1_000_000), { a: 1 });
    logger.warn('odd', { circle, lone: '\ud800' });
    logger.debug({ count: 1n }, 'large');
  });
  expect(lines[0]).toMatchObject({ message: 'x'.repeat(4_000), isCut: true });
  expect(lines[1]).toMatchObject({
    message: 'odd',
    fields: expect.stringMatching(/JSON: .*circular/) as string,
  });
  expect(lines[2]).toMatchObject({ message: 'large', fields: expect.stringMatching(/BigInt/) as string });
  expect(text.length).toBeLessThan(10_000);
});
