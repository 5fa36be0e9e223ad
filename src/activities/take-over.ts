import { keepWithRows } from '../runtime/table-rows';
import type { Envelope } from '../scheduler';
import type { Layout } from '../plan';
import { SelvageError } from '../errors';
import { mapOfElement } from '../authoring/element-id';
import { resumeCandidates, takenOverRecord, withValues, type Execution } from '../runtime';
import { envelopeOfRecord } from './adopt';
import type { LineageRecord } from '../ports';
import type { ResumedRun } from '../workflows/messages';
import type { Uses } from './worker-parts';

export interface TakenOver {
  readonly parameters: readonly { readonly envelope: Envelope; readonly hash: string }[];
  /** The other knots that are already Ok, by index in the layout, ascending. */
  readonly knots: ReadonlyMap<number, LineageRecord>;
}

/**
 * Records the Ok outcomes of another run of the same plan as outcomes of this run, with their origin in
 * `cached_from_run`. The knots in `from` run again, as do knots that depended on a failure, everything downstream of
 * these, and knots whose value no longer exists. Idempotent.
 *
 * @throws SelvageError `NotResumable` if a parameter's value is gone, `BackendUnavailable`
 */
export async function takeOver(
  environment: Uses<'backends' | 'commitRecords' | 'digest' | 'inlineLimit'>,
  layout: Layout,
  resumed: ResumedRun,
  execution: Execution,
): Promise<TakenOver> {
  const { backends } = environment;
  const earlier = new Map(
    (await backends.runHistory.getRecords(resumed.temporalRunId)).map((record) => [record.knot_id, record]),
  );
  const { candidates, again } = resumeCandidates(layout, earlier, resumed.from ?? []);
  const present = await keepWithRows(
    backends.dataStore,
    candidates.map(({ record }) => record.output_hash!),
  );
  const taken = withValues(layout, candidates, present);
  const isTaken = new Set(taken.map(({ index }) => index));
  for (let index = 0; index < layout.parameterCount; index++) {
    if (!isTaken.has(index)) throw parameterGone(resumed, layout.ids[index]!);
  }
  const records = [
    ...taken.map(({ record }) => record),
    ...(await elementsToTake(environment, layout, [...earlier.values()], isTaken, again)),
  ];
  await environment.commitRecords(records, (record) => takenOverRecord(record, execution));
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

/** Records of elements of maps that run again with the same inputs: the maps find these records first. */
async function elementsToTake(
  { backends }: Uses<'backends'>,
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
    ({ knot_id, outcome }) => outcome === 'ok' && maps.has(mapOfElement(knot_id) ?? ''),
  );
  const present = await keepWithRows(
    backends.dataStore,
    elements.map(({ output_hash }) => output_hash!),
  );
  return elements.filter(({ output_hash }) => present.has(output_hash!));
}

function parameterGone({ runId }: ResumedRun, id: string): SelvageError {
  const parameter = id.slice('param:'.length);
  return new SelvageError(
    'NotResumable',
    `Run "${runId}" cannot be resumed: the value of its parameter "${parameter}" is not there. Start a new run.`,
    { details: { run: runId, parameter } },
  );
}
