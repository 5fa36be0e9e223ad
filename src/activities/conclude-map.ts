import { unpackRanges } from '../scheduler';
import type { PlanKnot } from '../plan';
import {
  ElementKnots,
  MapComposer,
  failedUnrun,
  mapElements,
  recordWithoutBody,
  type ComposedRange,
  type Execution,
  type HandedOn,
  type Hashing,
  type KnotOutcomeToRecord,
  type LoadedPlan,
  type KnotParents,
} from '../runtime';
import type { SplitMap } from '../workflows/messages';
import { hashText } from '../values';
import { commitPatiently } from './backend-trouble';
import { recordsLost } from './records-lost';
import { composeRecorded } from './recorded-elements';
import { listsOf } from './split-map';
import type { StoredValues } from './stored-values';
import type { Uses } from './worker-parts';

/** Maximum number of elements to compose again after a lost worker, … */
const KEPT_AT_A_TIME = 50_000;
/** … unless the next attempt would get more hashes than this number. */
const MOST_RANGES = 64;

/**
 * Composes a map from its elements' records, after all have ended. An element that an operator ended has no
 * record yet, and is recorded as failed.
 *
 * @param handedOn parts composed by earlier attempts
 * @throws SelvageError `NotAList`, `UnequalLists`, `NotEncodable`, `NotDecodable`, which fail the map;
 * `ValueMissing`, `ValueDamaged`, `BackendUnavailable`; ApplicationFailure as for `recordsLost`
 */
export async function concludeMap(
  environment: Hashing & Uses<'backends' | 'commits' | 'recentValues'>,
  plan: LoadedPlan,
  map: PlanKnot,
  parents: KnotParents,
  split: SplitMap,
  execution: Execution,
  handedOn: HandedOn,
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
  const open = await composeAll(environment, handedOn, temporalRunId, idAt, { map, count, composer });
  const isEnded = new Set(unpackRanges(split.ended ?? []));
  const ended = open.filter((position) => isEnded.has(position));
  const records = ended.map((position) => {
    const element = knots.at(position, keys?.[position]);
    const outcome = failedUnrun(
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
    return recordWithoutBody(plan, element, execution, outcome);
  });
  await commitPatiently(() => Promise.all(records.map((record) => commits.commit({ record, values: [] }))));
  if (ended.length < open.length) {
    const lost = open.filter((position) => !isEnded.has(position));
    throw recordsLost(lost.map(idAt));
  }
  if (ended.length > 0) await composeRecorded(environment, temporalRunId, idAt, ended, composer);
  return composer.outcome(runId, environment);
}

interface Composing {
  readonly map: PlanKnot;
  readonly count: number;
  readonly composer: MapComposer;
}

/**
 * Composes all recorded elements; returns the other elements. Millions of elements take longer than a worker lives, so
 * finished parts are kept in the data store for the next attempt.
 */
async function composeAll(
  environment: Uses<'backends' | 'digest' | 'recentValues'>,
  handedOn: HandedOn,
  temporalRunId: string,
  idAt: (position: number) => string,
  { map, count, composer }: Composing,
): Promise<number[]> {
  const { dataStore } = environment.backends;
  const kept: string[] = [];
  let from = 0;
  for (const hash of (handedOn.last(map.id) ?? []) as string[]) {
    const bytes = await dataStore.get(hash);
    if (!bytes) break;
    const range = JSON.parse(Buffer.from(bytes).toString()) as ComposedRange;
    composer.add(from, range);
    from += range.parts.length;
    kept.push(hash);
  }
  const open: number[] = [];
  const step = Math.max(KEPT_AT_A_TIME, Math.ceil(count / MOST_RANGES));
  for (; from < count; from += step) {
    const to = Math.min(count, from + step);
    const positions = Array.from({ length: to - from }, (_, index) => from + index);
    // Positions are added one by one: there may be more than a call takes as arguments.
    for (const position of await composeRecorded(environment, temporalRunId, idAt, positions, composer))
      open.push(position);
    if (to === count || open.length > 0) continue;
    const bytes = Buffer.from(JSON.stringify(composer.range(from, to)));
    const hash = hashText(bytes.toString(), environment.digest);
    await dataStore.put([{ hash, bytes }]);
    kept.push(hash);
    handedOn.keep(map.id, [...kept]);
  }
  return open;
}

async function elementsOf(
  environment: StoredValues,
  plan: LoadedPlan,
  map: PlanKnot,
  parents: KnotParents,
): Promise<{ count: number; keys?: readonly string[] }> {
  const lists = await listsOf(environment, map, parents);
  return mapElements(plan, map, (parent) => lists.get(parent)!.encoded);
}
