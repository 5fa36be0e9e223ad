const BYTEA = 17;
const HEADER_BYTES = 20;

/** Many byte strings as one parameter of type `bytea[]`, in Postgres's binary form: as text, each byte would be two. */
export function byteaArray(items: readonly Uint8Array[]): Buffer {
  const size = items.reduce((sum, item) => sum + 4 + item.byteLength, HEADER_BYTES);
  const buffer = Buffer.allocUnsafe(size);
  // One dimension, no nulls, of bytea, so long, counted from 1.
  for (const [index, number] of [1, 0, BYTEA, items.length, 1].entries())
    buffer.writeInt32BE(number, 4 * index);
  let at = HEADER_BYTES;
  for (const item of items) {
    at = buffer.writeInt32BE(item.byteLength, at);
    buffer.set(item, at);
    at += item.byteLength;
  }
  return buffer;
}
