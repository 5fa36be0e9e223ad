/** Sends items together, else in halves; returns the items that are too large. @param send false: too large */
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
