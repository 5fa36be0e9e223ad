import type { Benchmark } from '../benchmark';

/** Who hears of runs, and streams. Each is named `feed: …`, so that `npm run bench -- feed` is one table of all. */
export const feed: readonly Benchmark[] = [];
