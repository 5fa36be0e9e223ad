import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import {
  canonicalJson,
  contentHash,
  decodeJson,
  decodeValue,
  defaultSha256,
  encodedSize,
  encodeJson,
  encodeValue,
  type Json,
  type Sha256,
} from '../../src/values';
import { runs } from '../support/thorough';
import { thrownBy } from '../support/thrown-by';

const nodeSha256: Sha256 = (data) => createHash('sha256').update(data).digest('hex');

function textOf(value: unknown): string {
  const encoded = encodeValue(value);
  return encoded.kind === 'json' ? encoded.text : 'bytes';
}

function hashOf(value: unknown): string {
  return contentHash(encodeValue(value), nodeSha256);
}

/** Any well-formed text; often short, so that keys meet, and often one that is special to us or to the engine. */
const text = fc.oneof(
  fc.constantFrom(
    '$type',
    'value',
    'object',
    'date',
    'map',
    '__proto__',
    'toJSON',
    'constructor',
    '',
    '1',
    '9',
    '10',
    '-1',
    '01',
  ),
  fc.constantFrom('a', 'b', 'c'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    false,
    0,
    -0,
    1,
    NaN,
    Infinity,
    -Infinity,
    0n,
    1n,
    '0',
    '1',
  ),
  text,
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 12 }),
);

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc
      .uniqueArray(fc.tuple(tie('value'), tie('value')), { maxLength: 4, selector: ([key]) => hashOf(key) })
      .map((entries) => new Map(entries)),
    fc.uniqueArray(tie('value'), { maxLength: 4, selector: hashOf }).map((members) => new Set(members)),
  ),
}));

/** The same value with keys, map entries and set members added the other way round, at every level. */
function turnedRound(of: unknown): unknown {
  if (Array.isArray(of)) return of.map(turnedRound);
  if (of instanceof Map) return new Map([...of].reverse().map(([k, v]) => [turnedRound(k), turnedRound(v)]));
  if (of instanceof Set) return new Set([...of].reverse().map(turnedRound));
  if (typeof of !== 'object' || of === null || of instanceof Date || of instanceof Uint8Array) return of;
  return Object.fromEntries(
    Object.entries(of)
      .reverse()
      .map(([key, part]) => [key, turnedRound(part)]),
  );
}

const json = fc.oneof(
  fc.jsonValue({ stringUnit: 'binary', depthSize: 'medium' }) as fc.Arbitrary<Json>,
  fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      fc.oneof<fc.Arbitrary<Json>[]>(
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(null, true),
      ),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(text, tie('json'), { maxKeys: 40, noNullPrototype: true }),
    ),
  })).json,
);

describe('encoding', () => {
  it('round-trips', () => {
    fc.assert(
      fc.property(value, (original) => {
        const back = decodeValue(encodeValue(original));
        expect(isDeepStrictEqual(back, original)).toBe(true);
        expect(encodeValue(back)).toEqual(encodeValue(original));
      }),
      { numRuns: runs(400, 1_000) },
    );
  });

  it('round-trips through a tagged tree, whose text is the canonical text', () => {
    fc.assert(
      fc.property(value, (original) => {
        const tagged = encodeJson(original);
        expect(isDeepStrictEqual(decodeJson(tagged), original)).toBe(true);
        expect(canonicalJson(tagged)).toBe(textOf([original]).slice(1, -1));
      }),
    );
  });

  it('does not depend on the order of keys, entries and members', () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(encodeValue(turnedRound(original))).toEqual(encodeValue(original));
      }),
    );
  });

  it('gives different values different hashes, and equal values equal ones', () => {
    const small = fc.letrec<{ small: unknown }>((tie) => ({
      small: fc.oneof(
        { maxDepth: 2 },
        fc.constantFrom<unknown>(
          null,
          undefined,
          0,
          -0,
          1,
          1n,
          '1',
          '',
          'undefined',
          new Date(1),
          Uint8Array.of(1),
        ),
        fc.array(tie('small'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('$type', 'value', '1'), tie('small'), {
          maxKeys: 2,
          noNullPrototype: true,
        }),
        fc.constantFrom<unknown>(
          { $type: 'undefined' },
          { $type: 'bigint', value: '1' },
          { $type: 'number', value: '-0' },
          { $type: 'object', value: { $type: 'undefined' } },
          { $type: 'bytes', value: 'AQ==' },
          new Map(),
          new Map([['1', 1]]),
          new Set(),
          new Set(['1']),
        ),
      ),
    })).small;
    fc.assert(
      fc.property(fc.oneof(fc.tuple(small, small), fc.tuple(value, value)), ([a, b]) => {
        expect(hashOf(a) === hashOf(b)).toBe(isDeepStrictEqual(a, b));
      }),
      { numRuns: runs(1_500, 5_000) },
    );
  });

  it('tells the size in UTF-8', () => {
    fc.assert(
      fc.property(value, (original) => {
        const encoded = encodeValue(original);
        const expected = encoded.kind === 'bytes' ? encoded.bytes.length : Buffer.byteLength(encoded.text);
        expect(encodedSize(encoded)).toBe(expected);
      }),
    );
  });

  it('writes nested bytes as Node writes base64', () => {
    const length = fc.oneof(fc.nat(20), fc.nat(10_000));
    fc.assert(
      fc.property(length, fc.nat(255), (size, seed) => {
        const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed) % 256);
        expect(encodeJson([bytes])).toEqual([
          { $type: 'bytes', value: Buffer.from(bytes).toString('base64') },
        ]);
        expect(decodeJson(encodeJson(bytes))).toStrictEqual(bytes);
      }),
    );
  });
});

describe('the canonical text', () => {
  it('of plain JSON is that of the canonicalize package', () => {
    fc.assert(
      fc.property(json, (tree) => {
        expect(canonicalJson(tree)).toBe(canonicalize(tree));
      }),
      { numRuns: runs(200, 500) },
    );
  });

  it('of a tagged tree is that of the canonicalize package', () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(canonicalJson(encodeJson(original))).toBe(canonicalize(encodeJson(original)));
      }),
    );
  });
});

describe('hashes', () => {
  it('of bytes are what node:crypto says of the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(contentHash(encodeValue(bytes))).toBe(`bytes-sha256:${nodeSha256(bytes)}`);
      }),
    );
  });

  it('are the same by either SHA-256', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (data) => {
        expect(defaultSha256(data)).toBe(nodeSha256(data));
      }),
    );
  });
});

describe('a part that cannot be encoded', () => {
  type Layer = { readonly path: string; readonly wrap: (inner: unknown) => unknown };

  const layer: fc.Arbitrary<Layer> = fc.oneof(
    fc.tuple(fc.array(value, { maxLength: 3 }), fc.array(value, { maxLength: 2 })).map(([before, after]) => ({
      path: `[${before.length}]`,
      wrap: (inner: unknown) => [...before, inner, ...after],
    })),
    fc
      .tuple(fc.dictionary(text, value, { maxKeys: 4 }), fc.stringMatching(/^[A-Za-z_$][A-Za-z0-9_$]{0,5}$/))
      .map(([others, key]) => ({ path: `.${key}`, wrap: (inner: unknown) => ({ ...others, [key]: inner }) })),
    fc
      .tuple(fc.dictionary(text, value, { maxKeys: 4 }), fc.stringMatching(/^[0-9 .'-]{1,5}$/))
      .map(([others, key]) => ({
        path: `["${key}"]`,
        wrap: (inner: unknown) => ({ ...others, [key]: inner }),
      })),
    fc.integer().map((key) => ({ path: `.get(${key})`, wrap: (inner: unknown) => new Map([[key, inner]]) })),
    fc.constant({ path: '.values()[0]', wrap: (inner: unknown) => new Set([inner]) }),
  );

  const culprit = fc.constantFrom<unknown>(
    () => 1,
    Symbol('s'),
    '\udfff',
    new Date(NaN),
    Promise.resolve(1),
    new Int16Array(1),
    /x/,
    new WeakMap(),
    new (class Anything {})(),
  );

  it('is named by its path, however it is wrapped', () => {
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 6 }), culprit, (layers, part) => {
        const whole = layers.reduceRight<unknown>((inner, { wrap }) => wrap(inner), part);
        const path = '$' + layers.map((one) => one.path).join('');
        const error = thrownBy(() => encodeValue(whole));
        expect(error.code).toBe('NotEncodable');
        expect(error.details).toMatchObject({ path });
        expect(error.message).toContain(` ${path} `);
      }),
      { numRuns: runs(200, 500) },
    );
  });
});
