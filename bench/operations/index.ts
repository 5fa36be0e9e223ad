import type { Benchmark } from '../benchmark';
import { metrics } from './metrics';

/** What those do who keep it running. Each is named `operations: …`, so that `npm run bench -- operations` is one table of all. */
export const operations: readonly Benchmark[] = [metrics];
