import { MAP_CONCURRENCY, type PlanKnot } from '../engine';
import {
  ElementKnots,
  MapComposer,
  madeIn,
  partOfValue,
  type KnotOutcomeToRecord,
  type LoadedPlan,
  type MapElements,
} from '../execution';
import type { DefinitionRecord } from '../model/records';
import type { GivenBack } from '../workflows/messages';
import { composeRecorded } from './recorded-elements';
import { WorkerElements, type ElementInputs, type ElementsPlace } from './worker-elements';

/** Elements whose records are asked for before they run, where there may be some. */
const ASKED_AT_A_TIME = 5_000;
/** Elements whose throws are told where they are given back; of others the next attempt is their first. */
const TOLD_GIVEN_BACK = 500;

/** A map that runs in a segment: all its elements in one process, each committed as it ends. */
export class SegmentMap {
  private readonly composer: MapComposer;
  private readonly knots: ElementKnots;
  private readonly workers: WorkerElements;
  /** Elements that have ended, here or before. */
  private settled = 0;

  constructor(
    plan: LoadedPlan,
    private readonly map: PlanKnot,
    definition: DefinitionRecord,
    private readonly elements: MapElements,
    shared: Pick<ElementInputs, 'sharedId' | 'sharedValue'>,
    private readonly place: Omit<ElementsPlace, 'ended'> & { committed(): void },
  ) {
    const { lists, count, keys } = elements;
    this.composer = new MapComposer(map, count, keys);
    this.knots = new ElementKnots(plan, map);
    const inputs: ElementInputs = {
      ...shared,
      textOf: ({ position }, input) => lists.get(input)?.[position],
    };
    this.workers = new WorkerElements(plan, definition, inputs, {
      call: () => place.call(),
      execution: (attempt, startedAt, finishedAt) => place.execution(attempt, startedAt, finishedAt),
      mayReuse: place.mayReuse,
      isHeld: () => place.isHeld(),
      isOver: () => place.isOver(),
      ended: ({ position }, end) => {
        if (end.kind === 'err') this.composer.err(position, end.error);
        else {
          const part = end.value && partOfValue(end.value);
          if (part !== undefined) this.composer.ok(position, part, madeIn(end.record));
        }
        this.settled += 1;
        place.committed();
      },
    });
  }

  /** Elements that cannot go on here, by position; to be read when it has run. */
  get givenBack(): readonly (readonly [number, GivenBack])[] {
    return [...this.workers.givenBack].slice(0, TOLD_GIVEN_BACK);
  }

  /**
   * Runs what is not on record. Rejects where the whole segment is to be tried again, or the map itself cannot be put together.
   *
   * @returns undefined: not all elements have ended
   */
  async run(mayBeRecorded: boolean): Promise<KnotOutcomeToRecord | undefined> {
    const { count } = this.elements;
    const { concurrency = MAP_CONCURRENCY } = this.map.policy.map!;
    const step = mayBeRecorded ? ASKED_AT_A_TIME : count;
    for (let first = 0; first < count && !this.place.isHeld(); first += step) {
      const positions = this.composer.open(first, Math.min(count, first + step));
      const open = mayBeRecorded ? await this.readRecorded(positions) : positions;
      this.settled += positions.length - open.length;
      await this.workers.execute(this.elementsAt(open), Math.min(concurrency, open.length));
    }
    if (this.place.isOver() || this.settled < count) return undefined;
    // What another attempt has recorded first.
    await this.readRecorded(this.composer.open(0, count));
    const { environment, surroundings } = this.place.call();
    return this.composer.outcome(surroundings.runId, environment);
  }

  private *elementsAt(positions: readonly number[]): Iterable<ReturnType<ElementKnots['at']>> {
    for (const position of positions) yield this.knots.at(position, this.elements.keys?.[position]);
  }

  private async readRecorded(positions: readonly number[]): Promise<number[]> {
    const { environment, surroundings } = this.place.call();
    const { keys } = this.elements;
    return await composeRecorded(
      environment,
      surroundings.recordRun,
      this.knots,
      keys,
      positions,
      this.composer,
    );
  }
}
