import { canonicalJson, hashJson, hashText, type Json } from '../../../src/values';
import { thrownBy } from '../../support/thrown-by';

describe('canonicalJson', () => {
  it('sorts more keys than a short list has', () => {
    const keys = Array.from({ length: 500 }, (_, i) => `key ${(i * 7919) % 500}`);
    const text = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])));
    expect(Object.keys(JSON.parse(text) as object)).toEqual([...keys].sort());
  });

  test.each<[string, unknown, string]>([
    ['undefined', { a: [undefined] }, '$.a[0]'],
    ['NaN', { a: NaN }, '$.a'],
    ['a function', [() => 1], '$[0]'],
    ['a bigint', [1n], '$[0]'],
    ['a date', { at: new Date(0) }, '$.at'],
    ['a map', [new Map([['a', 1]])], '$[0]'],
    ['bytes', [Uint8Array.of(1)], '$[0]'],
    ['a lone surrogate', { a: { b: '\ud800' } }, '$.a.b'],
    ['a lone surrogate in a key', { '\ud800': 1 }, '$["\\ud800"]'],
  ])('refuses %s, naming the path', (_, json, path) => {
    const error = thrownBy(() => canonicalJson(json as Json));
    expect(error.code).toBe('NotEncodable');
    expect(error.details).toEqual({ path });
    expect(error.message).toContain(` ${path} `);
  });

  it('refuses a tree that contains itself', () => {
    const list: Json[] = [];
    list.push([list]);
    expect(thrownBy(() => canonicalJson(list)).code).toBe('NotEncodable');
  });
});

describe('hashJson', () => {
  it('is the hash of the canonical text', () => {
    expect(hashJson({ b: 1, a: 2 })).toBe(hashText('{"a":2,"b":1}'));
  });
});
