export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

export interface Compared {
  readonly ours: readonly number[];
  readonly raw: readonly number[];
}

/**
 * Milliseconds of two ways to do the same, after a run of each to warm up. They take turns, and take turns at being first:
 * whatever else the machine does falls on both alike.
 */
export async function compare(
  repetitions: number,
  ours: () => Promise<unknown>,
  raw: () => Promise<unknown>,
): Promise<Compared> {
  await ours();
  await raw();
  const samples = { ours: [] as number[], raw: [] as number[] };
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const order = repetition % 2 === 0 ? (['ours', 'raw'] as const) : (['raw', 'ours'] as const);
    for (const side of order) samples[side].push(await timed(side === 'ours' ? ours : raw));
  }
  return samples;
}
