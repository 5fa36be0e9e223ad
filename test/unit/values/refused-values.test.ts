import { runInNewContext } from 'node:vm';
import { decodeValue, encodeJson, encodeValue, registerValueCodec } from '../../../src/values';
import { ERROR_REASONS } from '../../../src/errors';
import { thrownBy } from '../../support/thrown-by';

class Account {
  constructor(readonly owner: string) {}
}
class Shelf extends Array<number> {}
class Registry extends Map<string, number> {}
class Throwing {}

registerValueCodec<Throwing>({
  name: 'refused.Throwing',
  type: Throwing,
  encode: () => {
    throw new Error('no data today');
  },
  decode: () => new Throwing(),
});

function cyclic(): unknown {
  const user: Record<string, unknown> = { name: 'a' };
  user['friends'] = [{ of: user }];
  return { user };
}

function cyclicMap(): unknown {
  const map = new Map<string, unknown>();
  map.set('self', map);
  return [map];
}

const sparse: unknown[] = [1, 2, 3];
delete sparse[1];

/** What is refused, the path that must be named, and words of the reason and the remedy that must be there. */
const REFUSED: readonly [name: string, value: unknown, path: string, words: RegExp][] = [
  ['a function', { users: [0, 1, 2, { name: () => 'x' }] }, '$.users[3].name', /function.*call it/],
  ['a function as a whole', () => 5, '$', /function/],
  ['a class', { type: Account }, '$.type', /function/],
  ['a method', { total: 1, toJSON: () => 2 }, '$.toJSON', /function/],
  ['a symbol', [Symbol('s')], '$[0]', /symbol.*string/],
  ['a symbol as key', { a: { [Symbol('hidden')]: 1 } }, '$.a[Symbol(hidden)]', /key is a symbol/],
  ['a lone high surrogate', { text: 'a\ud83d' }, '$.text', /lone surrogate.*bytes/],
  ['a lone low surrogate', ['\ude00b'], '$[0]', /lone surrogate/],
  ['surrogates in the wrong order', ['\ude00\ud83d'], '$[0]', /lone surrogate/],
  ['a lone surrogate in a key', { 'a\ud800': 1 }, '$["a\\ud800"]', /key has a lone surrogate/],
  ['a cycle', cyclic(), '$.user.friends[0].of', /contains itself/],
  ['a cycle through a map', cyclicMap(), '$[0].get("self")', /contains itself/],
  ['an invalid date', { at: [new Date(NaN)] }, '$.at[0]', /invalid date/],
  ['a hole in a list', { list: sparse }, '$.list[1]', /hole.*null or undefined/],
  ['a hole at the end', new Array(2), '$[0]', /hole/],
  ['a class instance', { account: new Account('b') }, '$.account', /Account.*registerValueCodec/],
  ['a list of a class of its own', { shelf: Shelf.of(1) }, '$.shelf', /Shelf.*registerValueCodec/],
  ['a map of a class of its own', { registry: new Registry() }, '$.registry', /Registry/],
  ['an object that inherits', { a: Object.create({ b: 1 }) as unknown }, '$.a', /instance/],
  ['a promise', { later: Promise.resolve(1) }, '$.later', /Promise.*[Aa]wait/],
  ['an error', { failure: new TypeError('x') }, '$.failure', /TypeError.*message/],
  ['a WeakMap', [new WeakMap()], '$[0]', /WeakMap.*Map/],
  ['a regular expression', [/x/], '$[0]', /RegExp.*strings/],
  ['a boxed string', [new String('x')], '$[0]', /String.*primitive/],
  ['a typed array', { f: new Float32Array(2) }, '$.f', /Float32Array.*Uint8Array/],
  ['clamped bytes', { f: new Uint8ClampedArray(2) }, '$.f', /Uint8ClampedArray.*Uint8Array/],
  ['a Buffer', Buffer.from('hi'), '$', /Buffer.*Uint8Array.*new Uint8Array\(buffer\)/],
  ['a Buffer inside', { file: [Buffer.from('hi')] }, '$.file[0]', /Buffer.*Uint8Array/],
  ['an ArrayBuffer', { f: new ArrayBuffer(2) }, '$.f', /ArrayBuffer.*Uint8Array/],
  ['a DataView', { f: new DataView(new ArrayBuffer(2)) }, '$.f', /DataView.*Uint8Array/],
  ['a Blob', new Blob(['x']), '$', /Blob.*ctx\.store/],
  ['a URL', { url: new URL('http://a/') }, '$.url', /URL/],
  ['a part of a map key', new Map([[{ f: () => 1 }, 1]]), '$.keys()[0].f', /function/],
  ['a part of a map value', { m: new Map([['tea', { f: () => 1 }]]) }, '$.m.get("tea").f', /function/],
  ['a part of a set', { s: new Set([1, { f: () => 1 }]) }, '$.s.values()[1].f', /function/],
  [
    'two map keys of equal content',
    {
      m: new Map([
        [[1], 1],
        [[1], 2],
      ]),
    },
    '$.m',
    /two of its keys.*\[1\]/,
  ],
  ['two set members of equal content', new Set([{ a: 1 }, { a: 1 }]), '$', /two of its members.*\{"a":1\}/],
  [
    'a getter that throws',
    {
      a: Object.defineProperty({}, 'b', {
        enumerable: true,
        get: () => {
          throw new Error('closed');
        },
      }) as unknown,
    },
    '$.a.b',
    /closed/,
  ],
  ['an instance whose codec throws', { x: new Throwing() }, '$.x<refused.Throwing>', /no data today/],
  ['an odd key on the way', { 'first name': { '0': [() => 1] } }, '$["first name"]["0"][0]', /function/],
  ['a function of another realm', runInNewContext('({ f() {} })'), '$.f', /function/],
  ['an error of another realm', runInNewContext('[new RangeError("x")]'), '$[0]', /RangeError.*message/],
  [
    'a class instance of another realm',
    runInNewContext('[new (class Foreign {})()]'),
    '$[0]',
    /Foreign.*registerValueCodec/,
  ],
];

describe('values that cannot be encoded', () => {
  test.each(REFUSED)('%s', (_, value, path, words) => {
    const error = thrownBy(() => encodeValue(value));
    expect(error.code).toBe('NotEncodable');
    expect(error.details).toMatchObject({ path });
    expect(Object.keys(ERROR_REASONS.NotEncodable)).toContain(error.details['reason']);
    expect(error.message).toContain(` ${path} `);
    expect(error.message).toMatch(words);
  });

  test.each(REFUSED)('%s, for a tagged tree too', (_, value, path) => {
    expect(thrownBy(() => encodeJson(value)).details).toMatchObject({ path });
  });

  it('says by a reason what it is', () => {
    const reasonOf = (value: unknown) => thrownBy(() => encodeValue(value)).details['reason'];
    expect(reasonOf({ f: () => 1 })).toBe('Function');
    expect(reasonOf([new URL('http://a/')])).toBe('Instance');
    expect(reasonOf(new Throwing())).toBe('Unreadable');
  });

  it('keeps what a getter or a codec threw as the cause', () => {
    expect(thrownBy(() => encodeValue(new Throwing())).cause).toMatchObject({ message: 'no data today' });
  });
});

describe('depth', () => {
  function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
    let value: unknown = 1;
    for (let i = 0; i < levels; i++) value = wrap(value);
    return value;
  }

  const WRAPPERS: readonly [string, (inner: unknown) => unknown][] = [
    ['lists', (inner) => [inner]],
    ['objects', (inner) => ({ a: inner })],
    ['objects with keys in an order of their own', (inner) => ({ '10': inner, '9': 0 })],
    ['objects with the key $type', (inner) => ({ $type: inner })],
    ['maps', (inner) => new Map([['k', inner]])],
    ['sets', (inner) => new Set([inner])],
  ];

  test.each(WRAPPERS)('%s may lie 1,000 deep in one another, and come back', (_, wrap) => {
    const encoded = encodeValue(nested(1000, wrap));
    expect(encodeValue(decodeValue(encoded))).toEqual(encoded);
  });

  test.each(WRAPPERS)('%s may not lie 1,001 deep', (_, wrap) => {
    const { message } = thrownBy(() => encodeValue(nested(1001, wrap)));
    expect(message).toMatch(/deeper than 1000 levels/);
    expect(message.length).toBeLessThan(1000);
  });

  test.each(WRAPPERS)('%s a hundred thousand deep do not overflow the stack', (_, wrap) => {
    expect(thrownBy(() => encodeValue(nested(100_000, wrap))).code).toBe('NotEncodable');
  });
});
