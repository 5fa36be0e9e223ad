import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import {
  PIECE_BYTES,
  SealBroken,
  openedSize,
  seal,
  sealStream,
  unseal,
  unsealStream,
} from '../../src/encryption/sealed-form';
import { hashOfName, sealedName, tagOfName } from '../../src/encryption/sealed-name';
import { sealingKey } from '../../src/encryption/sealing-key';
import { runs } from '../support/thorough';

const key = sealingKey(randomBytes(32), 'a');
const other = sealingKey(randomBytes(32), 'a');
const HEAD = 28;
const SEALED_PIECE = PIECE_BYTES + 16;

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Lengths around the ends of pieces, and any others. */
const length = fc.oneof(
  fc.constantFrom(0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 3 * PIECE_BYTES + 5),
  fc.nat(3 * PIECE_BYTES),
);

test('what was sealed opens, at once and as a stream, in pieces of whatever size', async () => {
  await fc.assert(
    fc.asyncProperty(
      length,
      fc.integer({ min: 1, max: 200_000 }),
      fc.integer({ min: 1, max: 200_000 }),
      async (size, a, b) => {
        const bytes = randomBytes(size);
        // Tiny pieces of large values take long and show no more.
        const [first, second] = [a, b].map((step) => Math.max(step, size >> 8)) as [number, number];
        const atOnce = seal(key, 'name', bytes);
        const streamed = await collect(sealStream(key, () => 'name', inPieces(bytes, first)));
        expect(streamed.byteLength).toBe(atOnce.byteLength);
        expect(openedSize(atOnce.byteLength)).toBe(size);
        for (const sealed of [atOnce, streamed]) {
          expect(unseal(key, 'name', sealed).equals(bytes)).toBe(true);
          expect((await collect(unsealStream(key, 'name', inPieces(sealed, second)))).equals(bytes)).toBe(
            true,
          );
        }
      },
    ),
    { numRuns: runs(20, 60) },
  );
});

test('two seals of one value have nothing in common', () => {
  const [one, two] = [seal(key, 'name', Buffer.alloc(64)), seal(key, 'name', Buffer.alloc(64))];
  expect(one.subarray(4).equals(two.subarray(4))).toBe(false);
  expect(one.subarray(HEAD, HEAD + 32).equals(two.subarray(HEAD, HEAD + 32))).toBe(false);
});

test('every flipped bit of a small value is found', async () => {
  const sealed = seal(key, 'name', randomBytes(20));
  for (let at = 0; at < sealed.byteLength * 8; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at >> 3]! ^= 1 << (at & 7);
    expect(() => unseal(key, 'name', changed)).toThrow(SealBroken);
    await expect(collect(unsealStream(key, 'name', inPieces(changed, 50)))).rejects.toThrow(SealBroken);
  }
});

test('every length to which a small value is cut off, or drawn out, is found', () => {
  const sealed = seal(key, 'name', randomBytes(100));
  for (let end = 0; end < sealed.byteLength; end += 1)
    expect(() => unseal(key, 'name', sealed.subarray(0, end))).toThrow(SealBroken);
  expect(() => unseal(key, 'name', Buffer.concat([sealed, Buffer.alloc(1)]))).toThrow(SealBroken);
});

test('pieces that are changed, left out, doubled, swapped or of another value are found', async () => {
  const sealed = seal(key, 'name', randomBytes(3 * PIECE_BYTES + 10));
  const foreign = seal(key, 'name', randomBytes(3 * PIECE_BYTES + 10));
  const piece = (of: Buffer, at: number): Buffer =>
    of.subarray(HEAD + at * SEALED_PIECE, HEAD + (at + 1) * SEALED_PIECE);
  const head = sealed.subarray(0, HEAD);
  const [a, b, c, d] = [0, 1, 2, 3].map((at) => piece(sealed, at)) as [Buffer, Buffer, Buffer, Buffer];
  const forgeries: Record<string, Buffer[]> = {
    swapped: [head, b, a, c, d],
    'without the first': [head, b, c, d],
    'without one in the middle': [head, a, c, d],
    'without the last': [head, a, b, c],
    'one twice': [head, a, a, b, c, d],
    'one of another value': [head, a, piece(foreign, 1), c, d],
    'the head of another': [foreign.subarray(0, HEAD), a, b, c, d],
    'the last too early': [head, a, d],
  };
  for (const parts of Object.values(forgeries)) {
    const forged = Buffer.concat(parts);
    expect(() => unseal(key, 'name', forged)).toThrow(SealBroken);
    await expect(collect(unsealStream(key, 'name', inPieces(forged, 30_000)))).rejects.toThrow(SealBroken);
  }
  fc.assert(
    fc.property(fc.nat(sealed.byteLength * 8 - 1), (at) => {
      const changed = Buffer.from(sealed);
      changed[at >> 3]! ^= 1 << (at & 7);
      expect(() => unseal(key, 'name', changed)).toThrow(SealBroken);
    }),
    { numRuns: 100 },
  );
});

test('it opens under its own name and with its own key only', () => {
  const sealed = seal(key, 'name', Buffer.from('value'));
  expect(() => unseal(key, 'another', sealed)).toThrow(SealBroken);
  expect(() => unseal(other, 'name', sealed)).toThrow(SealBroken);
});

test('a name tells the hash to who has the key, and to nobody else', () => {
  const digest = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString('hex'));
  fc.assert(
    fc.property(fc.constantFrom('sha256', 'bytes-sha256'), digest, (kind, hex) => {
      const hash = `${kind}:${hex}`;
      const name = sealedName(hash, key)!;
      expect(name).toMatch(/^sealed:[0-9a-f]{96}$/);
      expect(name).not.toContain(hex.slice(0, 16));
      expect(sealedName(hash, key)).toBe(name);
      expect(tagOfName(name)).toBe(key.tag);
      expect(hashOfName(name, key)).toBe(hash);
      expect(sealedName(hash, other)!.slice(0, 87)).not.toBe(name.slice(0, 87));
      // With the tag of the other key, it is still not its name.
      expect(hashOfName(`${name.slice(0, 87)}${other.tag}`, other)).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});
