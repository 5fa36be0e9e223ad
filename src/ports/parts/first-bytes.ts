interface FirstBytes {
  /** All bytes of the stream, if at most `limit`; otherwise use {@link rest}. */
  readonly bytes: Uint8Array;
  /** The whole stream, if it exceeds the limit. Read this stream to the end, or leave it by `return`. */
  readonly rest: AsyncIterable<Uint8Array> | undefined;
}

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
    // Pieces are handed over one by one, so that each can be freed after its reader is done with it.
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
