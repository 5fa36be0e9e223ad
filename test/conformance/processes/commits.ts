import type { Commit } from '../../../src/ports';
import { sampleLineage, sampleValue } from '../../../src/testing/sample-records';

/** One knot of a made-up run, with a value of its own. */
export function commitOf(run: string, knot: number, worker: string): Commit {
  const value = sampleValue(`${run}/${knot}`);
  const record = sampleLineage({
    run_id: run,
    temporal_run_id: run,
    knot_id: `knot-${knot}`,
    worker,
    output_hash: value.hash,
    output_size: value.bytes.byteLength,
  });
  return { record, values: [value] };
}
