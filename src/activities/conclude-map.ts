import type { PlanKnot } from '../engine';
import {
  ElementKnots,
  MapComposer,
  lineageRecord,
  listInputs,
  mapElements,
  unrunError,
  type EncodedValue,
  type Execution,
  type KnotOutcomeToRecord,
  type LoadedPlan,
} from '../execution';
import type { Parents } from '../interceptors/activity/parents';
import type { SplitMap } from '../workflows/messages';
import { commitPatiently } from './backend-trouble';
import { composeRecorded } from './recorded-elements';
import { withBytes } from './split-map';
import type { WorkerEnvironment } from './worker-environment';

/**
 * What a map comes to when all its elements have ended: put together from their records. An element without one was ended from outside,
 * and is recorded as failed.
 *
 * @throws SelvageError `NotAList`, `UnequalLists`, `NotEncodable`, `NotDecodable`: failures of the map; `ValueMissing`, `ValueDamaged`,
 *   `BackendUnavailable`
 */
export async function concludeMap(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  map: PlanKnot,
  parents: Parents,
  split: SplitMap,
  execution: Execution,
): Promise<KnotOutcomeToRecord> {
  const { count, keys } =
    split.keyed || split.refused
      ? await elementsOf(environment, plan, map, parents)
      : { count: split.count, keys: undefined };
  const { runId, temporalRunId } = execution;
  const { sha256, commits } = environment;
  const composer = new MapComposer(map, count, keys);
  const knots = new ElementKnots(plan, map);
  const all = Array.from({ length: count }, (_, position) => position);
  const lost = await composeRecorded(environment, temporalRunId, knots, keys, all, composer);
  const records = lost.map((position) => {
    const element = knots.at(position, keys?.[position]);
    const error = unrunError(
      runId,
      {
        knot: element.id,
        type: 'ElementLost',
        message:
          `The activity of element "${element.id}" was ended from outside, by an operator, before anything was recorded. It was not run ` +
          'again.',
      },
      sha256,
    );
    return lineageRecord(plan, element, execution, { kind: 'err', error }, () => null, null);
  });
  await commitPatiently(() => Promise.all(records.map((record) => commits.commit({ record, values: [] }))));
  if (lost.length > 0) await composeRecorded(environment, temporalRunId, knots, keys, lost, composer);
  return composer.outcome(runId, environment);
}

async function elementsOf(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  map: PlanKnot,
  parents: Parents,
): Promise<{ count: number; keys?: readonly string[] }> {
  const lists = new Map<number, EncodedValue>();
  for (const [input] of listInputs(map)) {
    const { parent } = map.inputs[input] as { readonly parent: number };
    lists.set(parent, await withBytes(environment, map.id, parents.valueOf(parent)));
  }
  return mapElements(plan, map, (parent) => lists.get(parent)!.encoded);
}
