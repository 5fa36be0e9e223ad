import { branchOf, type Envelope, type Layout } from '../engine';
import { SelvageError } from '../errors';
import { mapOf, takenOverRecord, type Execution } from '../execution';
import { envelopeOfRecord } from '../interceptors/activity/adopt';
import type { LineageRecord } from '../protocols';
import type { ResumedRun } from '../workflows/messages';
import type { WorkerEnvironment } from './worker-environment';

/** Records written in one transaction: no other writer should wait for long. */
const RECORDS_PER_COMMIT = 1_000;

/** What a run has from the one that it goes on from. */
export interface TakenOver {
  /** Of the parameters in the layout, in its order. */
  readonly parameters: readonly { readonly envelope: Envelope; readonly hash: string }[];
  /** Of the other knots that are Ok already, by index in the layout, ascending. */
  readonly knots: ReadonlyMap<number, LineageRecord>;
}

/**
 * Records the Ok outcomes of another run of the same plan as those of this one, with `cached_from_run` naming the run that
 * made them. Left out, and so run again: what was asked for by `from`, and what was made of a failure, with all that is below
 * them; and what has no value any more.
 * Idempotent.
 *
 * @throws SelvageError `NotResumable` where the value of a parameter is gone, `BackendUnavailable`
 */
export async function takeOver(
  environment: WorkerEnvironment,
  layout: Layout,
  resumed: ResumedRun,
  execution: Execution,
): Promise<TakenOver> {
  const { backends } = environment;
  const earlier = new Map(
    (await backends.runHistory.getRecords(resumed.temporalRun)).map((record) => [record.knot_id, record]),
  );
  const from = (resumed.from ?? []).map((id) => withBranch(layout, id));
  const again = withDescendants(layout, new Set([...from, ...madeOfFailures(layout, earlier)]));
  const candidates = layout.ids.flatMap((id, index) => {
    const record = earlier.get(id);
    return record?.outcome === 'ok' && again[index] === 0 ? [{ index, record }] : [];
  });
  const present = await backends.dataStore.keep(candidates.map(({ record }) => record.output_hash!));
  const isPresent = new Set(
    candidates.flatMap(({ index, record }) => (present.has(record.output_hash!) ? [index] : [])),
  );
  // A path is settled with its branch, so that one does not go without the other.
  for (const { index } of candidates) {
    const branch = branchOf(layout, index);
    if (branch !== undefined && !isPresent.has(index)) isPresent.delete(branch);
  }
  const taken = candidates.filter(({ index }) => {
    const branch = branchOf(layout, index);
    return isPresent.has(index) && (branch === undefined || isPresent.has(branch));
  });
  const isTaken = new Set(taken.map(({ index }) => index));
  for (let index = 0; index < layout.parameterCount; index++) {
    if (!isTaken.has(index)) throw parameterGone(resumed, layout.ids[index]!);
  }
  const records = [
    ...taken.map(({ record }) => record),
    ...(await elementsToTake(environment, layout, [...earlier.values()], isTaken, again)),
  ];
  for (let first = 0; first < records.length; first += RECORDS_PER_COMMIT) {
    const batch = records.slice(first, first + RECORDS_PER_COMMIT);
    await backends.runHistory.commit(batch.map((record) => takenOverRecord(record, execution)));
  }
  const parameters = taken.slice(0, layout.parameterCount);
  return {
    parameters: await Promise.all(
      parameters.map(async ({ record }) => ({
        envelope: await envelopeOfRecord(environment, record),
        hash: record.output_hash!,
      })),
    ),
    knots: new Map(taken.slice(layout.parameterCount).map(({ index, record }) => [index, record])),
  };
}

/** Elements of maps that are not Ok themselves, and are to go on from the same inputs: they find these records before they run. */
async function elementsToTake(
  { backends }: WorkerEnvironment,
  { ids, policy, policies, parents, parentStart }: Layout,
  earlier: readonly LineageRecord[],
  isTaken: ReadonlySet<number>,
  again: Uint8Array,
): Promise<LineageRecord[]> {
  const maps = new Set(
    ids.filter((_, index) => {
      const of = parents.subarray(parentStart[index], parentStart[index + 1]);
      const isOpen = policies[policy[index]!]!.map && !isTaken.has(index) && again[index] === 0;
      return isOpen && of.every((parent) => isTaken.has(parent));
    }),
  );
  if (maps.size === 0) return [];
  const elements = earlier.filter(
    ({ knot_id, outcome }) => outcome === 'ok' && maps.has(mapOf(knot_id) ?? ''),
  );
  const present = await backends.dataStore.keep(elements.map(({ output_hash }) => output_hash!));
  return elements.filter(({ output_hash }) => present.has(output_hash!));
}

/**
 * Knots that received a parent without a value, which is run again. What was skipped because a path was not selected, and for nothing
 * else, is not: it comes to the same.
 */
function madeOfFailures({ ids }: Layout, records: ReadonlyMap<string, LineageRecord>): string[] {
  const made: string[] = [];
  const unselected = new Set<string>();
  // Parents come before children.
  for (const id of ids) {
    const record = records.get(id);
    if (!record) continue;
    const { outcome, skip_reason, parent_input_hashes, parent_knot_ids } = record;
    const isOfFailure = Object.entries(parent_input_hashes).some(
      ([name, hash]) => hash === null && !unselected.has(parent_knot_ids[name]!),
    );
    if (skip_reason === 'branch_not_selected') unselected.add(id);
    else if (skip_reason === 'parent_failed_or_skipped' && !isOfFailure) unselected.add(id);
    else if (outcome === 'ok' && isOfFailure) made.push(id);
  }
  return made;
}

/** What is to be run again so that a knot is: a path by its branch. */
function withBranch(layout: Layout, id: string): string {
  const index = layout.ids.indexOf(id);
  const branch = index < 0 ? undefined : branchOf(layout, index);
  return branch === undefined ? id : layout.ids[branch]!;
}

/** By index: 1 of these knots and all that depends on them. */
function withDescendants(
  { ids, size, childStart, children }: Layout,
  chosen: ReadonlySet<string>,
): Uint8Array {
  const marked = Uint8Array.from(ids, (id) => (chosen.has(id) ? 1 : 0));
  // Parents come before children.
  for (let knot = 0; knot < size; knot++) {
    if (marked[knot] === 0) continue;
    for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) marked[children[edge]!] = 1;
  }
  return marked;
}

function parameterGone({ run }: ResumedRun, id: string): SelvageError {
  const parameter = id.slice('param:'.length);
  return new SelvageError(
    'NotResumable',
    `Run "${run}" cannot be gone on from: the value of its parameter "${parameter}" is not there. Start a new run.`,
    { details: { run, parameter } },
  );
}
