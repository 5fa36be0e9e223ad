import type { Benchmark } from '../benchmark';
import { chainOnPostgres } from './chain-on-postgres';
import { lineageCommits } from './lineage-commits';
import { lineageQueries } from './lineage-queries';
import { smallValues } from './small-values';
import { diskStream } from './disk-stream';
import { s3Stream } from './s3-stream';

/** What real backends reach. */
export const backends: readonly Benchmark[] = [
  lineageCommits,
  chainOnPostgres,
  lineageQueries,
  smallValues,
  s3Stream,
  diskStream,
];
