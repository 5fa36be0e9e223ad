import type { Envelope, Layout } from '../engine';
import { SelvageError } from '../errors';
import { takenOverRecord, type Execution } from '../execution';
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
  /** Indexes in the layout of the other knots that are Ok already, ascending. */
  readonly knots: readonly number[];
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
  const again = withDescendants(
    layout,
    new Set([...(resumed.from ?? []), ...madeOfFailures(earlier.values())]),
  );
  const candidates = layout.ids.flatMap((id, index) => {
    const record = earlier.get(id);
    return record?.outcome === 'ok' && again[index] === 0 ? [{ index, record }] : [];
  });
  const present = await backends.dataStore.hasMany(candidates.map(({ record }) => record.output_hash!));
  const taken = candidates.filter(({ record }) => present.has(record.output_hash!));
  const isTaken = new Set(taken.map(({ index }) => index));
  for (let index = 0; index < layout.parameterCount; index++) {
    if (!isTaken.has(index)) throw parameterGone(resumed, layout.ids[index]!);
  }
  for (let first = 0; first < taken.length; first += RECORDS_PER_COMMIT) {
    const batch = taken.slice(first, first + RECORDS_PER_COMMIT);
    await backends.runHistory.commit(batch.map(({ record }) => takenOverRecord(record, execution)));
  }
  const parameters = taken.slice(0, layout.parameterCount);
  return {
    parameters: await Promise.all(
      parameters.map(async ({ record }) => ({
        envelope: await envelopeOfRecord(environment, record),
        hash: record.output_hash!,
      })),
    ),
    knots: taken.slice(layout.parameterCount).map(({ index }) => index),
  };
}

/** Knots that received the failure of a parent, which is run again. */
function madeOfFailures(records: Iterable<LineageRecord>): string[] {
  const ids: string[] = [];
  for (const { knot_id, outcome, parent_input_hashes } of records) {
    if (outcome === 'ok' && Object.values(parent_input_hashes).includes(null)) ids.push(knot_id);
  }
  return ids;
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
