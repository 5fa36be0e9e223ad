import type { Arbitrary } from 'fast-check';
import { loadOptional } from '../../node/optional-package';
import { StoredBytes, canonicalJson, encodeJson } from '../../values';

type FastCheck = typeof import('fast-check').default;

/** The package is loaded late: only this suite draws values, and the package is optional. */
export function loadFastCheck(): FastCheck {
  return loadOptional('fast-check', { by: 'A test that draws values', install: '--save-dev fast-check' });
}

/** Two values with equal texts are equal for the worker. */
export function textOf(value: unknown): string {
  return canonicalJson(encodeJson(value));
}

/** Arbitrary values that every language has: JSON, and each tag in its usual places. */
export function plainValues(fc: FastCheck): Arbitrary<unknown> {
  const { text, leaf } = leaves(fc);
  const names = fc.oneof(fc.constantFrom('$type', 'value', '__proto__', ''), text);
  return trees(fc, leaf, names, () => text);
}

/** All values. A language may lack some kinds of values, such as sets of maps. */
export function anyValues(fc: FastCheck): Arbitrary<unknown> {
  const { text, leaf } = leaves(fc);
  const edges = [undefined, 0, 0n, -0, '', false, new Date(8.64e15), new Date(-8.64e15)];
  return trees(fc, fc.oneof(leaf, fc.constantFrom<unknown>(...edges)), text, (value) => value);
}

/** @param keysOf given any value, returns a value for the keys of maps and members of sets */
function trees(
  fc: FastCheck,
  leaf: Arbitrary<unknown>,
  names: Arbitrary<string>,
  keysOf: (value: Arbitrary<unknown>) => Arbitrary<unknown>,
): Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      fc
        .uniqueArray(fc.tuple(keysOf(tie('value')), tie('value')), {
          maxLength: 4,
          selector: ([key]) => textOf(key),
        })
        .map((all) => new Map(all)),
      fc.uniqueArray(keysOf(tie('value')), { maxLength: 4, selector: textOf }).map((all) => new Set(all)),
    ),
  }));
  return value;
}

function leaves(fc: FastCheck): { readonly text: Arbitrary<string>; readonly leaf: Arbitrary<unknown> } {
  const text = fc.string({ unit: 'binary', maxLength: 8 });
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -0,
      1,
      NaN,
      Infinity,
      -Infinity,
      2 ** 53,
      -(2 ** 70),
      1e-300,
      0n,
    ),
    text,
    fc.double(),
    fc.integer(),
    fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }),
    fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
    fc.uint8Array({ maxLength: 12 }),
    fc.integer({ min: 1_020, max: 1_030 }).map((length) => new Uint8Array(length).fill(length % 256)),
    fc
      .record({ size: fc.nat(), isText: fc.boolean() })
      .map(
        ({ size, isText }) =>
          new StoredBytes({ hash: HASH, size, ...(isText && { mediaType: 'text/plain' }) }),
      ),
  );
  return { text, leaf };
}

const HASH = `bytes-sha256:${'0123456789abcdef'.repeat(4)}`;

/** Converts `undefined` to `null`, for languages with one word for both. */
export function withNull(value: unknown): unknown {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(withNull);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [withNull(key), withNull(item)]));
  if (value instanceof Set) return new Set([...value].map(withNull));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const plain = {};
  for (const [key, item] of Object.entries(value))
    Object.defineProperty(plain, key, {
      value: withNull(item),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return plain;
}
