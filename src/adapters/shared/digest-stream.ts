import { createHash } from 'node:crypto';

/** Passes the pieces of a stream on, and knows their hash and size when they have passed. */
export function digestStream(source: AsyncIterable<Uint8Array>): {
  readonly pieces: AsyncIterable<Uint8Array>;
  hash(): string;
  size(): number;
} {
  const digest = createHash('sha256');
  let size = 0;
  let hash: string | undefined;
  return {
    pieces: (async function* () {
      for await (const piece of source) {
        digest.update(piece);
        size += piece.byteLength;
        yield piece;
      }
    })(),
    hash: () => (hash ??= `bytes-sha256:${digest.digest('hex')}`),
    size: () => size,
  };
}
