import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  contentHash,
  decodeJson,
  decodeText,
  decodeValue,
  encodeJson,
  encodeValue,
  registerValueCodec,
  type Encoded,
  type Json,
} from '../../../src/values';
import { thrownBy } from '../../support/thrown-by';

interface Vector {
  readonly name: string;
  readonly json?: Json;
  readonly double?: string;
  readonly bytes?: string;
  readonly text?: string;
  readonly hash: string;
}

interface GoldenVectors {
  readonly vectors: readonly Vector[];
  readonly refused: readonly { readonly name: string; readonly text: string }[];
}

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

registerValueCodec<Point>({
  name: 'golden.Point',
  type: Point,
  encode: ({ x, y }) => ({ x, y }),
  decode: ({ x, y }: { x: number; y: number }) => new Point(x, y),
});

const { vectors, refused } = JSON.parse(
  readFileSync(join(__dirname, 'golden-vectors.json'), 'utf8'),
) as GoldenVectors;

function valueOf(vector: Vector): unknown {
  if (vector.bytes !== undefined) return new Uint8Array(Buffer.from(vector.bytes, 'base64'));
  if (vector.double !== undefined) return Buffer.from(vector.double, 'hex').readDoubleBE();
  return decodeJson(vector.json!);
}

function encodedOf(vector: Vector): Encoded {
  return vector.text === undefined
    ? { kind: 'bytes', bytes: new Uint8Array(Buffer.from(vector.bytes!, 'base64')) }
    : { kind: 'json', text: vector.text };
}

describe.each(vectors.map((vector) => [vector.name, vector] as const))('golden vector: %s', (_, vector) => {
  it('encodes to the text or the bytes', () => {
    expect(encodeValue(valueOf(vector))).toEqual(encodedOf(vector));
  });

  it('has the hash', () => {
    expect(contentHash(encodeValue(valueOf(vector)))).toBe(vector.hash);
  });

  it('decodes to a value that encodes to the same', () => {
    expect(encodeValue(decodeValue(encodedOf(vector)))).toEqual(encodedOf(vector));
  });

  if (vector.text !== undefined) {
    it('has the text, parsed, as its tagged tree', () => {
      expect(encodeJson(valueOf(vector))).toEqual(JSON.parse(vector.text!));
    });
  }
});

test.each(refused.map(({ name, text }) => [name, text] as const))('refused text: %s', (_, text) => {
  expect(thrownBy(() => decodeText(text)).code).toBe('NotDecodable');
});

test('different vectors have different hashes', () => {
  const texts = new Set(vectors.map(({ text, bytes }) => text ?? `bytes ${bytes}`));
  const hashes = new Set(vectors.map(({ hash }) => hash));
  expect(hashes.size).toBe(texts.size);
});
