import { MAP_CONCURRENCY, type PlanKnot } from '../plan';
import { inParallel } from '../values/in-parallel';
import { ElementKnots, type ElementKnot } from './element-knots';
import { MapComposer } from './compose-map';
import { madeIn } from './lineage';
import { partOfValue } from './element-values';
import type { EncodedValue } from './encoded-value';
import type { KnotOutcomeToRecord } from './node-outcome';
import type { LoadedPlan } from './loaded-plan';
import type { MapElements } from './map-elements';
import type { DefinitionRecord } from '../authoring/records';
import type { ExceptionRecord, LineageRecord, RecordedOutcome } from '../ports';
import { ElementParents, type ElementInputs } from './knot-parents';
import type { KnotEnd, KnotRunner } from './knot-runner';

export type ElementEnd<Recorded = LineageRecord> =
  /** `value` is absent if an element's value is not at hand. */
  | { readonly kind: 'ok'; readonly value?: EncodedValue; readonly record: Recorded }
  | { readonly kind: 'err'; readonly error: ExceptionRecord };

export interface ElementsToRun {
  readonly plan: LoadedPlan;
  readonly definition: DefinitionRecord;
  readonly codeHash: string | null;
  readonly isReplaced?: boolean;
  readonly inputs: ElementInputs;
  /** Whether no more elements may begin. */
  isHeld(): boolean;
  ended(element: ElementKnot, end: ElementEnd): void;
}

/**
 * Runs elements in order, at most `concurrency` at once, each until its commit. Throws as {@link KnotRunner.run},
 * after all running elements have ended.
 */
export async function runElements(
  runner: KnotRunner,
  { plan, definition, codeHash, isReplaced, inputs, isHeld, ended }: ElementsToRun,
  elements: Iterable<ElementKnot>,
  concurrency: number,
): Promise<void> {
  const { digest } = runner.host.hashing;
  const runElement = async (knot: ElementKnot): Promise<void> => {
    const parents = new ElementParents(knot, inputs, digest);
    const end = endOf(await runner.run({ plan, knot, definition, codeHash, isReplaced, parents }));
    if (end) ended(knot, end);
  };
  await inParallel(elements, concurrency, runElement, isHeld);
}

function endOf(end: KnotEnd): ElementEnd | undefined {
  if (end.kind !== 'recorded') return undefined;
  const { outcome, record } = end;
  if (outcome?.kind === 'ok') return { kind: 'ok', value: outcome.value, record };
  if (outcome?.kind === 'err') return { kind: 'err', error: outcome.error };
  return endOfRecord(record);
}

/** The outcome of an element by its record; undefined if it was skipped. */
export function endOfRecord<Recorded extends RecordedOutcome>(
  record: Recorded,
): ElementEnd<Recorded> | undefined {
  if (record.outcome === 'ok') return { kind: 'ok', record };
  if (record.outcome === 'skipped') return undefined;
  return { kind: 'err', error: (record.extra as { error: ExceptionRecord }).error };
}

export interface MapToRun extends Omit<ElementsToRun, 'inputs' | 'ended'> {
  readonly map: PlanKnot;
  readonly elements: MapElements;
  readonly shared: Pick<ElementInputs, 'sharedId' | 'sharedValue'>;
  /**
   * Puts recorded elements into the composer, and returns the positions of the others. Absent: no element is recorded.
   *
   * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
   */
  readRecorded?(
    positions: readonly number[],
    idAt: (position: number) => string,
    composer: MapComposer,
  ): Promise<number[]>;
  /** Elements may be on record before they run here. */
  readonly mayBeRecorded: boolean;
}

const ASKED_AT_A_TIME = 5_000;

/**
 * Runs the elements without a record, and composes the map's value. Returns undefined if not all elements have ended.
 *
 * @throws as {@link runElements}; SelvageError `NotEncodable`, a failure of the map
 */
export async function runMap(runner: KnotRunner, given: MapToRun): Promise<KnotOutcomeToRecord | undefined> {
  const { map, plan, elements, shared, mayBeRecorded, readRecorded, isHeld } = given;
  const { lists, count, keys } = elements;
  const composer = new MapComposer(map, count, keys);
  const knots = new ElementKnots(plan, map);
  const idAt = (position: number): string => knots.idAt(position, keys?.[position]);
  let settled = 0;
  const toRun: ElementsToRun = {
    ...given,
    inputs: { ...shared, textOf: ({ position }, input) => lists.get(input)?.[position] },
    isHeld,
    ended: ({ position }, end) => {
      settled += 1;
      if (end.kind === 'err') return composer.err(position, end.error);
      const part = end.value && partOfValue(end.value);
      if (part !== undefined) composer.ok(position, part, madeIn(end.record));
    },
  };
  const elementsAt = function* (positions: readonly number[]): Iterable<ElementKnot> {
    for (const position of positions) yield knots.at(position, keys?.[position]);
  };
  const { concurrency = MAP_CONCURRENCY } = map.policy.map!;
  const step = mayBeRecorded ? ASKED_AT_A_TIME : count;
  for (let first = 0; first < count && !isHeld(); first += step) {
    const positions = composer.open(first, Math.min(count, first + step));
    const open = mayBeRecorded ? await readRecorded!(positions, idAt, composer) : positions;
    settled += positions.length - open.length;
    await runElements(runner, toRun, elementsAt(open), Math.min(concurrency, open.length));
  }
  if (runner.host.isOver() || settled < count) return undefined;
  // Elements that another attempt has recorded first.
  await readRecorded?.(composer.open(0, count), idAt, composer);
  return composer.outcome(runner.host.surroundings.runId, runner.host.hashing);
}
