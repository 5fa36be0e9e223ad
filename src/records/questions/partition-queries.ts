import type {
  CodeOfKnot,
  MadeForPartition,
  OutputOfKnot,
  PartitionQueries,
  PartitionRuns,
  RunHistory,
} from '../../ports';
import { isParameter } from './telling-values';
import { readAll } from './read-all';
import { everyItem } from '../../ports/parts/every-item';

/** Maximum number of searched records of one value. */
const MAKERS = 100;

/** The queries of a history about partitions, or an equivalent that reads run by run. */
export function partitionQueries(runHistory: RunHistory): PartitionQueries {
  return runHistory.partitions ?? new PartitionsByRun(runHistory);
}

class PartitionsByRun implements PartitionQueries {
  constructor(private readonly runHistory: RunHistory) {}

  async partitionRuns(tapestry: string): Promise<PartitionRuns[]> {
    const found = new Map<string, PartitionRuns>();
    for await (const run of everyItem((page) => this.runHistory.listRuns({ tapestry, ...page }))) {
      if (run.partition === null) continue;
      // The newest runs come first.
      const { runs, newest, newestOk } = found.get(run.partition) ?? { runs: 0, newest: run };
      const ok = newestOk ?? (run.status === 'succeeded' ? run : undefined);
      found.set(run.partition, {
        partition: run.partition,
        runs: runs + 1,
        newest,
        ...(ok && { newestOk: ok }),
      });
    }
    return [...found.values()];
  }

  async otherCode(
    temporalRunIds: readonly string[],
    codes: ReadonlyMap<string, string>,
  ): Promise<CodeOfKnot[]> {
    const found: CodeOfKnot[] = [];
    for (const run of temporalRunIds) {
      const records = await this.runHistory.getRecords(run, [...codes.keys()]);
      found.push(
        ...records.filter(({ knot_id, code_hash }) => code_hash !== null && code_hash !== codes.get(knot_id)),
      );
    }
    return found;
  }

  async outputsOf(temporalRunIds: readonly string[], knotIds: readonly string[]): Promise<OutputOfKnot[]> {
    const found: OutputOfKnot[] = [];
    for (const run of temporalRunIds) found.push(...(await this.runHistory.getRecords(run, knotIds)));
    return found;
  }

  async madeForPartitions(hashes: readonly string[]): Promise<MadeForPartition[]> {
    const found: MadeForPartition[] = [];
    for (const hash of hashes) {
      for (const record of await readAll(this.runHistory, { outputHash: hash }, MAKERS)) {
        if (isParameter(record)) continue;
        const { temporal_run_id, knot_id, output_size, finished_at } = record;
        const run = await this.runHistory.getRunByTemporalId(temporal_run_id);
        if (!run || run.partition === null) continue;
        const { tapestry, partition } = run;
        found.push({ hash, output_size, tapestry, partition, knot_id, temporal_run_id, finished_at });
      }
    }
    return found;
  }
}
