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
  /** How often each was run, to warm up too. */
  readonly runs: { readonly ours: number; readonly raw: number };
}

/** A process that has just started runs cold code: how fast that is matters to nobody's pipelines, which run for months. */
const WARM_UP_MS = 1_000;
/** What is over sooner is done several times in a row. */
const REPETITION_MS = 400;

/**
 * Milliseconds of two ways to do the same, after a second (and a run at the least) of each to warm up. They take turns, and take
 * turns at being first: whatever else the machine does falls on both alike. What takes less than 0.4 s is done several times in
 * a turn, and counts with its mean.
 */
export async function compare(
  repetitions: number,
  ours: () => Promise<unknown>,
  raw: () => Promise<unknown>,
): Promise<Compared> {
  const runs = { ours: (await turn(ours, WARM_UP_MS)).runs, raw: (await turn(raw, WARM_UP_MS)).runs };
  const samples = { ours: [] as number[], raw: [] as number[] };
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const order = repetition % 2 === 0 ? (['ours', 'raw'] as const) : (['raw', 'ours'] as const);
    for (const side of order) {
      const taken = await turn(side === 'ours' ? ours : raw, REPETITION_MS);
      samples[side].push(taken.mean);
      runs[side] += taken.runs;
    }
  }
  return { ...samples, runs };
}

async function turn(work: () => Promise<unknown>, leastMs: number): Promise<{ mean: number; runs: number }> {
  let runs = 0;
  let total = 0;
  do {
    total += await timed(work);
    runs += 1;
  } while (total < leastMs);
  return { mean: total / runs, runs };
}
