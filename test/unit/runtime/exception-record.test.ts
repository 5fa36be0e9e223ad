import * as vm from 'node:vm';
import { nodeSha256 } from '../../../src/backends';
import { Retryable, SelvageError } from '../../../src/errors';
import { callBody, describeError, errorType } from '../../../src/runtime';

const where = { runId: 'run', knotId: 'knot', attempt: 2 };
const hashing = { sha256: nodeSha256, digest: nodeSha256 };
const describe_ = (error: unknown) => describeError(error, where, hashing);

class Stubborn extends Error {
  override get message(): string {
    throw new Error('no message for you');
  }
}

/** Each look at it throws. */
const hostile = new Proxy(
  {},
  new Proxy(
    {},
    {
      get: () => () => {
        throw new Error('trap');
      },
    },
  ),
) as Error;

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

test.each<[string, unknown, string, string]>([
  ['an error', new RangeError('too far'), 'RangeError', 'too far'],
  ['one of ours', new SelvageError('NotEncodable', 'no'), 'NotEncodable', 'no'],
  ['a Retryable', new Retryable('later', { after: 1 }), 'Retryable', 'later'],
  ['an error of another realm', vm.runInNewContext('new TypeError("elsewhere")'), 'TypeError', 'elsewhere'],
  ['an error without a name', Object.assign(new Error('x'), { name: '' }), 'Error', 'x'],
  ['an error whose message is no text', Object.assign(new Error(), { message: { a: 1 } }), 'Error', ''],
  ['an error whose message cannot be read', new Stubborn(), 'Error', ''],
  ['a text', 'just a text', 'string', 'just a text'],
  ['a proxy whose traps throw', hostile, 'object', '[object]'],
  ['null', null, 'null', 'null'],
  ['undefined', undefined, 'undefined', 'undefined'],
  ['a number', 7, 'number', '7'],
  ['a bigint', 7n, 'bigint', '[object BigInt]'],
  ['a symbol', Symbol('s'), 'symbol', 'Symbol(s)'],
  ['an object', { code: 'E' }, 'object', '{"code":"E"}'],
  ['a cyclic object', cyclic, 'object', '[object Object]'],
  [
    'an object without a prototype, with a cycle',
    Object.assign(Object.create(null) as object, { cyclic }),
    'object',
    '[object Object]',
  ],
])('%s can be thrown', (_, thrown, type, message) => {
  const { record, values } = describe_(thrown);
  expect(record).toMatchObject({ type, message, attempt: 2 });
  expect(typeof record.traceback).toBe('string');
  expect(values).toEqual([]);
});

test('the id is equal for equal run, knot, type and message, and for no others', () => {
  const idOf = (error: unknown, at = where) => describeError(error, at, hashing).record.id;
  const id = idOf(new Error('a'));
  expect(idOf(new Error('a'), { ...where, attempt: 9 })).toBe(id);
  expect(
    new Set([
      id,
      idOf(new Error('b')),
      idOf(new TypeError('a')),
      idOf('a'),
      idOf(new Error('a'), { ...where, knotId: 'k' }),
    ]).size,
  ).toBe(5);
});

test('a cause is named, whatever it is', () => {
  expect(describe_(new Error('outer', { cause: new TypeError('inner') })).record.cause).toEqual({
    type: 'TypeError',
    message: 'inner',
    at: expect.stringMatching(/exception-record\.test\.ts:\d+:\d+$/),
  });
  expect(describe_(new Error('outer', { cause: null })).record.cause).toEqual({
    type: 'null',
    message: 'null',
  });
  expect(describe_(new Error('outer')).record).not.toHaveProperty('cause');
});

describe('what led to an error', () => {
  const bare = (message: string, options?: ErrorOptions): Error =>
    Object.assign(new Error(message, options), { stack: undefined });

  test('is told cause by cause, and member by member', () => {
    const refused = Object.assign(new AggregateError([bare('::1'), 'no error']), {
      code: 'ECONNREFUSED',
      stack: '',
    });
    const { record } = describe_(bare('fetch failed', { cause: refused }));
    expect(record).toMatchObject({
      message: 'fetch failed',
      cause: {
        type: 'AggregateError',
        message: 'ECONNREFUSED',
        errors: [
          { type: 'Error', message: '::1' },
          { type: 'string', message: 'no error' },
        ],
      },
    });
    const all = new AggregateError([bare('one', { cause: bare('deep') })], 'all');
    expect(describe_(all).record).toMatchObject({ errors: [{ message: 'one', cause: { message: 'deep' } }] });
  });

  test('is told eight times, and none of it twice', () => {
    const many = new AggregateError(
      Array.from({ length: 100 }, (_, at) => bare(`${at}`)),
      'many',
    );
    expect(describe_(many).record.errors).toHaveLength(8);
    const circle = bare('circle');
    circle.cause = bare('other', { cause: circle });
    expect(describe_(circle).record.cause).toEqual({ type: 'Error', message: 'other' });
    let deep = bare('x'.repeat(5_000));
    for (let depth = 0; depth < 1_000; depth += 1) deep = bare('x'.repeat(5_000), { cause: deep });
    expect(JSON.stringify(describe_(deep).record).length).toBeLessThan(10_000);
  });

  test('does not take what is no error of it, such as issues of a schema', () => {
    const error = Object.assign(bare('issues'), { errors: [{ path: 'a' }] });
    expect(describe_(error).record).not.toHaveProperty('errors');
  });
});

describe('what is too large', () => {
  const big = 'x'.repeat(5_000_000);

  test('a message, a cause and a name are cut', () => {
    const error = Object.assign(new Error(big, { cause: new Error(big) }), { name: big });
    const { record } = describe_(error);
    expect(record.message).toHaveLength(2_000);
    expect(record.cause!.message).toHaveLength(2_000);
    expect(record.type).toHaveLength(200);
    expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThan(10_000);
  });

  test('a stack is cut in the record, and whole in the data store as canonical JSON under its hash', () => {
    const error = new Error('deep');
    error.stack = `Error: deep\n${'    at somewhere (file.ts:1:1)\n'.repeat(1_000)}`;
    const { record, values } = describe_(error);
    expect(Buffer.byteLength(record.traceback)).toBeLessThanOrEqual(4 * 1024);
    expect(error.stack.startsWith(record.traceback)).toBe(true);
    expect(values).toHaveLength(1);
    expect(values[0]!.hash).toBe(record.traceback_hash);
    expect(JSON.parse(Buffer.from(values[0]!.bytes).toString())).toBe(error.stack);
    expect(record.traceback_hash).toBe(`sha256:${nodeSha256(values[0]!.bytes)}`);
  });

  test('no cut tears a character apart', () => {
    const emoji = '😀'.repeat(3_000);
    const error = new Error(`x${emoji}`);
    error.stack = `xy${emoji}`;
    const { record } = describe_(error);
    for (const text of [record.message, record.traceback]) expect(Buffer.from(text).toString()).toBe(text);
  });
});

test('lone surrogates, which have no UTF-8, do not get on the wire', () => {
  const error = new Error('half \ud83d of it', { cause: '\udc00' });
  error.name = 'N\ud800';
  const { record } = describe_(error);
  expect(record.message).toBe('half \ufffd of it');
  const text = [record.type, record.message, record.traceback, record.cause!.message].join();
  expect(Buffer.from(text).toString()).toBe(text);
});

test('errorType tells errors apart by code, by name, else by what they are', () => {
  expect(errorType(new SelvageError('ValueMissing', 'gone'))).toBe('ValueMissing');
  expect(
    errorType(
      new (class Odd extends Error {
        override name = 'Odd';
      })(),
    ),
  ).toBe('Odd');
  expect(errorType('text')).toBe('string');
});

test('what a body throws that nobody can look at becomes an error that says so', async () => {
  const definition = { body: () => Promise.reject(hostile) } as never;
  await expect(callBody(definition, {}, {}, {} as never)).rejects.toThrow(
    'The body threw a proxy that cannot be inspected, as its traps throw.',
  );
});

test('causes and members that cannot be looked at are told as such', () => {
  const { record } = describe_(new AggregateError([hostile], 'several', { cause: hostile }));
  const told = { type: 'object', message: '[object]' };
  expect(record).toMatchObject({ message: 'several', cause: told });
  const [proxy] = [Proxy.revocable([], {})];
  proxy.revoke();
  expect(describe_(Object.assign(new Error('x'), { errors: proxy.proxy })).record.message).toBe('x');
});
