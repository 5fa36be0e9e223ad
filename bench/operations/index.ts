import type { Benchmark } from '../benchmark';
import { bulkResume } from './bulk-resume';
import { manyRuns } from './many-runs';
import { metrics } from './metrics';
import { stats } from './stats';
import { waiting } from './waiting';

/** What those do who keep it running. Each is named `operations: …`, so that `npm run bench -- operations` is one table of all. */
export const operations: readonly Benchmark[] = [waiting, stats, bulkResume, metrics, manyRuns];
