import { StoredBytes, decodeValue } from '../../../src/values';
import { nodeSha256 } from '../../../src/backends';
import { decodeStored, encodeOutput, envelopeOf, storedValues } from '../../../src/runtime';

const encode = (value: unknown) => encodeOutput(value, nodeSha256);
const stored = new StoredBytes({ hash: `bytes-sha256:${'0'.repeat(64)}`, size: 9, mediaType: 'text/csv' });

test('a value has the hash and the size of its canonical text, a list its length', () => {
  expect(encode({ b: 1, a: 'é' })).toMatchObject({
    hash: `sha256:${nodeSha256('{"a":"é","b":1}')}`,
    size: Buffer.byteLength('{"a":"é","b":1}'),
    encoded: { kind: 'json', text: '{"a":"é","b":1}' },
  });
  expect(encode([1, 2, 3]).length).toBe(3);
  expect(encode(undefined)).toMatchObject({ encoded: { text: '{"$type":"undefined"}' } });
});

test('bytes have the hash of sha256sum, and are a copy', () => {
  const bytes = new TextEncoder().encode('abc');
  const encoded = encode(bytes);
  bytes.fill(0);
  expect(encoded).toMatchObject({ hash: `bytes-sha256:${nodeSha256('abc')}`, size: 3 });
  expect(Buffer.from(decodeValue(encoded.encoded!) as Uint8Array).toString()).toBe('abc');
});

test('a reference to stored bytes stands for them, and puts nothing into the data store', () => {
  const value = encode(stored);
  expect(value).toEqual({ hash: stored.hash, size: 9, stored: 'text/csv' });
  expect(storedValues(value)).toEqual([]);
});

test('what is stored decodes to the value, to a new one each time', () => {
  for (const value of [{ a: [new Date(0)] }, new Uint8Array([1, 2])]) {
    const encoded = encode(value);
    const [{ hash, bytes }] = storedValues(encoded) as [{ hash: string; bytes: Uint8Array }];
    expect(hash).toBe(encoded.hash);
    const inBuffer = Buffer.from(bytes);
    const first = decodeStored(hash, inBuffer);
    expect(first).toEqual(decodeValue(encoded.encoded!));
    if (first instanceof Uint8Array) first.fill(9);
    expect(decodeStored(hash, inBuffer)).toEqual(decodeValue(encoded.encoded!));
  }
});

describe('the envelope', () => {
  const text = 'x'.repeat(98);

  test('carries a value up to the limit whole, tagged as it is encoded', () => {
    expect(envelopeOf(encode(text), 100)).toEqual({ value: text });
    expect(envelopeOf(encode([new Date(0)]), 100)).toEqual({
      value: [{ $type: 'date', value: '1970-01-01T00:00:00.000Z' }],
    });
    expect(envelopeOf(encode(new TextEncoder().encode('abc')), 100)).toEqual({
      value: { $type: 'bytes', value: 'YWJj' },
    });
  });

  test('refers to a larger one, and at a limit of 0 to any', () => {
    const value = encode(text);
    expect(envelopeOf(value, 99)).toEqual({ hash: value.hash, size: 100 });
    expect(envelopeOf(encode([]), 0)).toEqual({ hash: encode([]).hash, size: 2, length: 0 });
  });

  test('always refers to stored bytes, and says what they are', () => {
    expect(envelopeOf(encode(stored), 1_000)).toEqual({ hash: stored.hash, size: 9, stored: 'text/csv' });
    const bare = new StoredBytes({ hash: stored.hash, size: 9 });
    expect(envelopeOf(encode(bare), 1_000)).toEqual({ hash: stored.hash, size: 9, stored: '' });
  });
});
