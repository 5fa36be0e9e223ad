import { runInNewContext } from 'node:vm';
import { decodeJson, decodeText, decodeValue, encodeJson, encodeValue, type Json } from '../../../src/values';
import { thrownBy } from '../../support/thrown-by';

function roundTrip(value: unknown): unknown {
  return decodeValue(encodeValue(value));
}

function textOf(value: unknown): string {
  const encoded = encodeValue(value);
  if (encoded.kind !== 'json') throw new Error('The value is bytes.');
  return encoded.text;
}

// `property/canonical.test.ts` shows it for values of every kind.
describe('a value comes back as it was', () => {
  it('gives the key __proto__ back as a key, and changes no prototype', () => {
    const value = JSON.parse('{"__proto__":{"at":0},"b":[{"__proto__":null}]}') as Record<string, unknown>;
    value['at'] = new Date(0);
    (Object.getOwnPropertyDescriptor(value, '__proto__')!.value as { at: unknown }).at = new Date(1);
    const back = roundTrip(value) as object;
    expect(Object.keys(back)).toEqual(['__proto__', 'at', 'b']);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(textOf(back)).toBe(textOf(value));
    expect(({} as { at?: unknown }).at).toBeUndefined();
  });

  it('gives objects without prototype back as plain ones', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    expect(roundTrip(bare)).toStrictEqual({ a: 1 });
  });
});

describe('what counts', () => {
  it('leaves out what is not enumerable', () => {
    const value = Object.defineProperties({ a: 1 }, { b: { value: 2 }, [Symbol('c')]: { value: 3 } });
    expect(textOf(value)).toBe('{"a":1}');
  });

  it('takes a part that comes twice twice', () => {
    const shared = { a: 1 };
    expect(textOf([shared, shared, { shared }])).toBe('[{"a":1},{"a":1},{"shared":{"a":1}}]');
  });

  it('reads each getter once', () => {
    let reads = 0;
    const value = {
      get count() {
        return ++reads;
      },
    };
    expect(textOf({ value })).toBe('{"value":{"count":1}}');
    expect(reads).toBe(1);
  });
});

describe('bytes', () => {
  it('are taken as they are when they are the value', () => {
    const bytes = Uint8Array.of(1, 2, 255);
    expect(encodeValue(bytes)).toEqual({ kind: 'bytes', bytes });
    expect(encodeJson(bytes)).toEqual({ $type: 'bytes', value: 'AQL/' });
  });

  it('may be a view of a part of a Buffer, and of another realm', () => {
    const { buffer, byteOffset } = Buffer.from('hello world');
    const part = new Uint8Array(buffer, byteOffset + 6, 5);
    const foreign = runInNewContext('Uint8Array.of(1, 2)') as Uint8Array;
    expect(encodeValue(foreign)).toStrictEqual({ kind: 'bytes', bytes: Uint8Array.of(1, 2) });
    expect(encodeJson([foreign])).toEqual([{ $type: 'bytes', value: 'AQI=' }]);
    expect(encodeValue(part)).toStrictEqual({ kind: 'bytes', bytes: new Uint8Array(part) });
    expect(decodeJson(encodeJson({ part }))).toStrictEqual({ part: new Uint8Array(part) });
  });

  it('come back as a copy, so that no receiver can change what another has', () => {
    const bytes = Uint8Array.of(1);
    (roundTrip(bytes) as Uint8Array)[0] = 9;
    expect(bytes[0]).toBe(1);
  });
});

describe('values of another realm', () => {
  test.each<[string, string, unknown]>([
    ['a plain object', '({ b: 1, a: { c: [] } })', { a: { c: [] }, b: 1 }],
    ['a list', '[1, [2]]', [1, [2]]],
    ['a date', 'new Date(5)', new Date(5)],
    ['a map', 'new Map([["a", new Set([1])]])', new Map([['a', new Set([1])]])],
    ['a set', 'new Set([new Date(0)])', new Set([new Date(0)])],
    ['bytes', 'Uint8Array.of(1, 2)', Uint8Array.of(1, 2)],
    ['bytes inside', '[Uint8Array.of(1, 2)]', [Uint8Array.of(1, 2)]],
  ])('%s', (_, source, same) => {
    expect(encodeValue(runInNewContext(source))).toEqual(encodeValue(same));
  });
});

describe('decodeJson', () => {
  it('does not copy a tree without tags', () => {
    const json: Json = { a: [1, { b: 'x' }] };
    expect(decodeJson(json)).toBe(json);
  });

  it('does not change the tree that it reads', () => {
    const json = encodeJson({ a: [new Date(0), { b: 1n }], c: new Map([['k', new Set([undefined])]]) });
    const before = JSON.stringify(json);
    decodeJson(json);
    expect(JSON.stringify(json)).toBe(before);
  });

  it('names the malformed part', () => {
    const json: Json = { list: [1, { $type: 'map', value: [['k', { $type: 'date', value: 'soon' }]] }] };
    const error = thrownBy(() => decodeJson(json));
    expect(error.code).toBe('NotDecodable');
    expect(error.details).toEqual({ path: '$.list[1].value[0][1]' });
    expect(error.message).toContain('$.list[1].value[0][1]');
  });
});

describe('encodeJson', () => {
  it('shares nothing with the value', () => {
    const value = { list: [{ a: 1 }] };
    const json = encodeJson(value);
    value.list[0]!.a = 2;
    value.list.push({ a: 3 });
    expect(json).toEqual({ list: [{ a: 1 }] });
  });
});

describe('decodeText', () => {
  it('finds a tag whose letters are escaped', () => {
    expect(decodeText('{"\\u0024type":"bigint","value":"5"}')).toBe(5n);
  });

  it('refuses what is not JSON, with the beginning of the text', () => {
    const error = thrownBy(() => decodeText('<html>' + 'x'.repeat(1000)));
    expect(error.code).toBe('NotDecodable');
    expect(error.message).toContain('<html>');
    expect(error.message.length).toBeLessThan(300);
  });

  it('refuses text that lies one level deeper than any value', () => {
    const deep = (levels: number) => '['.repeat(levels) + '{"$type":"undefined"}' + ']'.repeat(levels);
    expect(encodeValue(decodeText(deep(999)))).toEqual({ kind: 'json', text: deep(999) });
    expect(thrownBy(() => decodeText(deep(1001))).message).toMatch(/deeper than 1000 levels/);
  });

  it('refuses text that lies far deeper, instead of overflowing the stack', () => {
    const text = '['.repeat(100_000) + '{"$type":"undefined"}' + ']'.repeat(100_000);
    expect(thrownBy(() => decodeText(text)).code).toBe('NotDecodable');
  });
});
