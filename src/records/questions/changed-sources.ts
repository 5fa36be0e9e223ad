import type { MadeForPartition, PartitionQueries, PartitionRuns } from '../../ports';
import { append } from '../../values/append';
import { isTelling } from './telling-values';
import type { PartitionsQuestion, StaleReason } from './partition-states';

interface GivenInput {
  readonly partition: string;
  readonly input: string;
  readonly startedAt: number;
}

/** Inputs that another partition's run made, and whose newest run makes other values; by partition. */
export async function changedSources(
  queries: PartitionQueries,
  { inputs, plan }: PartitionsQuestion,
  made: readonly PartitionRuns[],
): Promise<Map<string, StaleReason[]>> {
  const given = new Map<string, GivenInput[]>();
  const parameters = plan.parameters.map(({ name }) => name).filter((name) => name !== 'partition');
  for (const { partition, newest } of parameters.length > 0 ? made : []) {
    for (const input of parameters) {
      const hash = newest.parameter_hashes[input];
      if (hash === undefined || hash === inputs.get(input)) continue;
      append(given, hash, { partition, input, startedAt: newest.started_at });
    }
  }
  const found = new Map<string, StaleReason[]>();
  if (given.size === 0) return found;
  const makers = (await queries.madeForPartitions([...given.keys()])).filter(isTelling);
  const makersOf = new Map<string, MadeForPartition[]>();
  for (const maker of makers) append(makersOf, maker.hash, maker);
  const newest = await newestOf(queries, makers);
  const present = await presentValues(queries, makers, newest);
  for (const [hash, users] of given) {
    for (const { partition, input, startedAt } of users) {
      const sources = (makersOf.get(hash) ?? []).filter(({ finished_at }) => finished_at <= startedAt);
      const changes = sources.map((source) => changeOf(source, newest, present));
      // If several places made the value, it is enough that one place still makes it.
      if (changes.length === 0 || changes.includes(undefined)) continue;
      const { now, run } = changes[0]!;
      const { tapestry, partition: of, knot_id: knotId } = sources[0]!;
      const reason: StaleReason = {
        kind: 'input',
        input,
        before: hash,
        now,
        source: { tapestry, partition: of, knotId, runId: run },
      };
      found.set(partition, [...(found.get(partition) ?? []), reason]);
    }
  }
  return found;
}

type NewestRuns = ReadonlyMap<string, NonNullable<PartitionRuns['newestOk']>>;

const placeOf = (tapestry: string, partition: string): string => JSON.stringify([tapestry, partition]);

async function newestOf(queries: PartitionQueries, makers: readonly MadeForPartition[]): Promise<NewestRuns> {
  const newest = new Map<string, NonNullable<PartitionRuns['newestOk']>>();
  for (const tapestry of new Set(makers.map((maker) => maker.tapestry))) {
    for (const { partition, newestOk } of await queries.partitionRuns(tapestry)) {
      if (newestOk) newest.set(placeOf(tapestry, partition), newestOk);
    }
  }
  return newest;
}

/** The values of the given knots in the newest runs, without runs that made the compared values. */
async function presentValues(
  queries: PartitionQueries,
  makers: readonly MadeForPartition[],
  newest: NewestRuns,
): Promise<ReadonlyMap<string, string | null>> {
  const runs = new Set<string>();
  const knots = new Set<string>();
  for (const { tapestry, partition, knot_id, temporal_run_id } of makers) {
    const run = newest.get(placeOf(tapestry, partition))?.temporal_run_id;
    if (run === undefined || run === temporal_run_id) continue;
    runs.add(run);
    knots.add(knot_id);
  }
  if (runs.size === 0) return new Map();
  const outputs = await queries.outputsOf([...runs], [...knots]);
  return new Map(
    outputs.map((output) => [placeOf(output.temporal_run_id, output.knot_id), output.output_hash]),
  );
}

/** The change of a place; undefined if the place still makes the value. */
function changeOf(
  { tapestry, partition, knot_id, temporal_run_id, hash }: MadeForPartition,
  newest: NewestRuns,
  present: ReadonlyMap<string, string | null>,
): { readonly now: string | null; readonly run: string } | undefined {
  const run = newest.get(placeOf(tapestry, partition));
  if (!run || run.temporal_run_id === temporal_run_id) return undefined;
  const now = present.get(placeOf(run.temporal_run_id, knot_id)) ?? null;
  return now === hash ? undefined : { now, run: run.run_id };
}
