/**
 * Sends items together, or in halves if they are too large. Returns those that are too large alone.
 *
 * @param send resolves to false if the items are too large, and none was sent
 */
export async function sendInHalves<T>(
  all: readonly T[],
  send: (some: readonly T[]) => Promise<boolean>,
): Promise<T[]> {
  if (all.length === 0 || (await send(all))) return [];
  if (all.length === 1) return [...all];
  const half = Math.ceil(all.length / 2);
  const first = await sendInHalves(all.slice(0, half), send);
  return [...first, ...(await sendInHalves(all.slice(half), send))];
}
