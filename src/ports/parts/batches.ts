/** Groups of consecutive items, with a bounded number of items and bytes each; a larger item has its own group. */
export function batchesOf<T>(
  items: readonly T[],
  limit: { readonly items: number; readonly bytes: number },
  bytesOf: (item: T) => number,
): T[][] {
  const batches: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const batch = batches.at(-1);
    bytes += bytesOf(item);
    if (batch !== undefined && batch.length < limit.items && bytes <= limit.bytes) {
      batch.push(item);
    } else {
      batches.push([item]);
      bytes = bytesOf(item);
    }
  }
  return batches;
}
