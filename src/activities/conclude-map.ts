import { unpackRanges } from '../scheduler';
import type { PlanKnot } from '../plan';
import {
  ElementKnots,
  MapComposer,
  lineageRecord,
  mapElements,
  unrunError,
  type Execution,
  type KnotOutcomeToRecord,
  type LoadedPlan,
  type KnotParents,
} from '../runtime';
import type { SplitMap } from '../workflows/messages';
import { commitPatiently } from './backend-trouble';
import { recordsLost } from './records-lost';
import { composeRecorded } from './recorded-elements';
import { listsOf } from './split-map';
import type { WorkerEnvironment } from './worker-environment';

/**
 * The outcome of a map whose elements have all ended, composed from their records. An element that was ended from outside has no record,
 * and is recorded as failed.
 *
 * @throws SelvageError `NotAList`, `UnequalLists`, `NotEncodable`, `NotDecodable`, which fail the map; `ValueMissing`, `ValueDamaged`,
 * `BackendUnavailable`; ApplicationFailure as for `recordsLost`
 */
export async function concludeMap(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  map: PlanKnot,
  parents: KnotParents,
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
  const idAt = (position: number): string => knots.idAt(position, keys?.[position]);
  const all = Array.from({ length: count }, (_, position) => position);
  const open = await composeRecorded(environment, temporalRunId, idAt, all, composer);
  const isEnded = new Set(unpackRanges(split.ended ?? []));
  const ended = open.filter((position) => isEnded.has(position));
  const records = ended.map((position) => {
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
  if (ended.length < open.length) {
    const lost = open.filter((position) => !isEnded.has(position));
    throw recordsLost(lost.map(idAt));
  }
  if (ended.length > 0) await composeRecorded(environment, temporalRunId, idAt, ended, composer);
  return composer.outcome(runId, environment);
}

async function elementsOf(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  map: PlanKnot,
  parents: KnotParents,
): Promise<{ count: number; keys?: readonly string[] }> {
  const lists = await listsOf(environment, map, parents);
  return mapElements(plan, map, (parent) => lists.get(parent)!.encoded);
}
