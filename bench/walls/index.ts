import type { Benchmark } from '../benchmark';
import { loading } from './loading';
import { million } from './million';
import { manyTapestries, sizes } from './tapestries';
import { waitingRuns } from './waiting-runs';

/** What grows until it stands in the way. Each is named `walls: …`, so that `npm run bench -- walls` is one table of all. */
export const walls: readonly Benchmark[] = [manyTapestries, sizes, loading, waitingRuns, million];
