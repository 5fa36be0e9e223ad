import { createHash } from 'node:crypto';

/**
 * `hash` and `size` are known at the end. @param ofSha256 makes the digest from the plain one, both in lower-case
 * hex
 */
export function digestStream(
  source: AsyncIterable<Uint8Array>,
  ofSha256: (sha256: string) => string,
): {
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
    hash: () => (hash ??= `bytes-sha256:${ofSha256(digest.digest('hex'))}`),
    size: () => size,
  };
}
