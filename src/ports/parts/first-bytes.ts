/** A stream whose beginning has been read. */
interface FirstBytes {
  /** All bytes if they do not exceed the limit; otherwise use {@link rest}. */
  readonly bytes: Uint8Array;
  /** The whole stream from its first byte, if it exceeds the limit. Read it to the end, or leave it by `return`. */
  readonly rest: AsyncIterable<Uint8Array> | undefined;
}

/** Reads a stream until it ends or exceeds the limit. */
export async function firstBytes(source: AsyncIterable<Uint8Array>, limit: number): Promise<FirstBytes> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const iterator = source[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return { bytes: Buffer.concat(pieces), rest: undefined };
    pieces.push(value);
    length += value.byteLength;
    if (length > limit) return { bytes: new Uint8Array(), rest: continued(pieces, iterator) };
  }
}

async function* continued(
  pieces: Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    // Pieces are handed over one by one, so that none is held longer than its reader holds it.
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
