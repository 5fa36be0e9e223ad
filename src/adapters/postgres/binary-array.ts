const BYTEA = 17;
const HEADER_BYTES = 20;

/** As one parameter of type `bytea[]`, in Postgres's binary form because the text form doubles the size. */
export function byteaArray(items: readonly Uint8Array[]): Buffer {
  const size = items.reduce((sum, item) => sum + 4 + item.byteLength, HEADER_BYTES);
  const buffer = Buffer.allocUnsafe(size);
  // Header: one dimension, no nulls, type bytea, length, lower bound 1.
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
