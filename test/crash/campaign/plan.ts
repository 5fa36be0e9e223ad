import type { Blow } from './blows';
import { Chance } from './chance';
import { elementNames } from './elements';
import { MIXES, stageOf, type Mix, type MixParameters, type StageName } from './mix';
import { rulesOf, type Point } from './points';
import type { Stores } from './struck-backends';

/** One run and the blows that it is to bear: all of it follows from the seed and the index. */
export interface Scenario {
  readonly index: number;
  readonly mix: Mix;
  readonly parameters: MixParameters;
  readonly stores: Stores;
  /** Workers of the main queue, and bodies at once in each. */
  readonly workers: number;
  readonly slots: number;
  readonly blows: readonly Blow[];
  /** The run is cut short, and then resumed. */
  readonly cut?: Cut | undefined;
}

/** How, and how long after its start. */
export interface Cut {
  readonly how: 'cancel' | 'terminate' | 'deadline';
  readonly after: number;
}

const PARAMETERS: readonly MixParameters[] = [
  { x: 3, size: 3_000 },
  { x: 7, size: 40_000 },
];
const BLOWS = 6;
const BLOW_CHANCE = 0.7;
/** A third lost worker ends a knot, by design: so many may be lost while one stage runs. */
const DEATHS_IN_STAGE = 2;
const RANDOM_MS = 1_500;
const CUT_CHANCE = 0.3;
const CUT_MS = 8_000;
const MANY_SLOTS = 100;

/**
 * The scenarios of a seed, without end. Which point a blow falls at is left to chance among those that have had fewest, so
 * that all have their turn soon, and as often as their weight says.
 */
export function* scenariosOf(
  seed: number,
  points: readonly Point[],
  mixes: readonly Mix[] = MIXES,
): Generator<Scenario, never> {
  const planned = new Map<Point, number>(points.map((point) => [point, 0]));
  const turn = (point: Point): number => planned.get(point)! / (rulesOf(point).weight ?? 1);
  for (let index = 0; ; index++) {
    const chance = new Chance(seed, index);
    const inTurn = [...points].sort((a, b) => turn(a) - turn(b));
    const blows = new BlowPlan(chance, inTurn[0]!, mixes);
    for (const point of inTurn) {
      if (blows.list.length < BLOWS && chance.fraction() < BLOW_CHANCE) blows.add(point);
    }
    const cut = cutOf(chance, blows);
    // A run that is cut short may end before they fall.
    if (!cut) for (const { point } of blows.list) planned.set(point, planned.get(point)! + 1);
    yield {
      index,
      mix: blows.mix,
      parameters: chance.pick(PARAMETERS),
      stores: blows.stores ?? chance.pick(['one-database', 'split'] as const),
      workers: blows.needsTwo ? 2 : 1 + chance.below(2),
      slots: blows.needsTwo ? 1 : MANY_SLOTS,
      blows: blows.list,
      ...(cut && { cut }),
    };
  }
}

function cutOf(chance: Chance, blows: BlowPlan): Cut | undefined {
  // Held workers wait for what would come of a knot that a cut may end.
  if (blows.needsTwo || blows.mix.elements || chance.fraction() >= CUT_CHANCE) return undefined;
  return { how: chance.pick(['cancel', 'terminate', 'deadline'] as const), after: 1 + chance.below(CUT_MS) };
}

class BlowPlan {
  readonly list: Blow[] = [];
  readonly mix: Mix;
  stores: Stores | undefined;
  needsTwo = false;
  private needsSlots = false;
  private readonly deaths = new Map<StageName, number>();
  private readonly aimedAt = new Set<string>();
  /** Deaths that may come at any time. */
  private strays = 0;

  constructor(
    private readonly chance: Chance,
    first: Point,
    mixes: readonly Mix[],
  ) {
    this.mix = chance.pick(mixes.filter((mix) => comesIn(mix, first)));
    this.add(first);
  }

  /** Plans a blow at this point, if the rules leave room for it. */
  add(point: Point): void {
    const rules = rulesOf(point);
    if (!fits(this.mix, point)) return;
    if (rules.stores && this.stores && rules.stores !== this.stores) return;
    // Held workers and ones that die at any time do not go together.
    if (rules.isStray && (this.needsTwo || this.strays > 0)) return;
    if (rules.needsTwo && (this.strays > 0 || this.needsTwo || this.needsSlots)) return;
    if (rules.needsSlots && this.needsTwo) return;
    if (rules.at === 'none' && this.list.some((blow) => blow.point === point)) return;
    if (rules.at === 'element') {
      const elements = elementNames(this.mix.elements!);
      this.push(point, [this.chance.pick(rules.needsMore ? elements.slice(0, -1) : elements)]);
      this.needsTwo ||= rules.needsTwo ?? false;
      return;
    }
    if (rules.at === 'none' && !rules.stage && !(this.mix.isTwice && hitsWorkers(point))) {
      this.push(point, []);
    } else {
      const room = this.mix.stages.flatMap((stage) => this.fitting(stage, point));
      if (room.length === 0) return;
      const { stage, knots } = this.chance.pick(room);
      const beside = this.besideOf(stage);
      this.deaths.set(beside, (this.deaths.get(beside) ?? 0) + costOf(point));
      for (const knot of knots) this.aimedAt.add(knot);
      this.push(point, knots);
    }
    this.stores ??= rules.stores;
    this.needsTwo ||= rules.needsTwo ?? false;
    this.needsSlots ||= rules.needsSlots ?? false;
    if (rules.isStray) this.strays += 1;
  }

  private push(point: Point, knots: readonly string[]): void {
    const index = this.list.length;
    const after = point.startsWith('random-') ? { after: this.chance.below(RANDOM_MS) } : {};
    this.list.push({ index, point, knots, ...after });
  }

  private fitting(stage: StageName, point: Point): { stage: StageName; knots: readonly string[] }[] {
    const strays = this.strays + (rulesOf(point).isStray ? 1 : 0);
    const deaths = (this.deaths.get(this.besideOf(stage)) ?? 0) + costOf(point) + strays;
    if (deaths > DEATHS_IN_STAGE) return [];
    return targets(stage, point)
      .filter((knots) => !knots.some((knot) => this.aimedAt.has(knot)))
      .map((knots) => ({ stage, knots }));
  }

  /** Where deaths of a stage count: of two runs at once, each may be at another stage. */
  private besideOf(stage: StageName): StageName {
    return this.mix.isTwice ? this.mix.stages[0]! : stage;
  }
}

/** Whether there is something in this mix for a blow at this point to be aimed at. */
export function comesIn(mix: Mix, point: Point): boolean {
  if (rulesOf(point).at === 'element') return mix.elements !== undefined;
  return fits(mix, point) && mix.stages.some((stage) => targets(stage, point).length > 0);
}

/** Whether blows at this point are for this mix: of two runs at once, those of two strikes might hit one each. */
function fits(mix: Mix, point: Point): boolean {
  const { at, needsTwo, stage } = rulesOf(point);
  if (at === 'element') return mix.elements !== undefined;
  // Its runs are many, and those of batches have other knots.
  if (mix.elements && (needsTwo || stage || point.startsWith('client-') || point === 'after-answer'))
    return false;
  if (mix.elements && (mix.elements.options.batch ?? 1) > 1 && at !== 'none') return false;
  return !(mix.isTwice && needsTwo);
}

function hitsWorkers(point: Point): boolean {
  return !point.startsWith('client-') && point !== 'random-client';
}

/** Attempts of a knot that a blow may cost. */
function costOf(point: Point): number {
  if (rulesOf(point).isStray) return 0;
  // Those who hold workers want their stage for themselves.
  return rulesOf(point).needsTwo || point === 'in-body-twice' ? DEATHS_IN_STAGE : 1;
}

/** What a blow at this point may be aimed at in this stage; one empty list where it needs no aim. */
function targets(stage: StageName, point: Point): (readonly string[])[] {
  const {
    queue = [],
    bodiless = [],
    local = [],
    pair,
    batch = [],
    slow = [],
    maps = [],
    shared,
    hosted = [],
    host,
    throwsFirst,
  } = stageOf(stage);
  const { at, needsOutcome, needsNoBody, stage: only, host: hit } = rulesOf(point);
  if (needsOutcome && throwsFirst) return [];
  if (only && only !== stage) return [];
  switch (at) {
    case 'queue':
      return [...queue, ...(needsNoBody ? bodiless : [])].map((knot) => [knot]);
    case 'local':
      return local.map((knot) => [knot]);
    case 'pair':
      return pair ? [pair] : [];
    case 'batch':
      return batch.map((knot) => [knot]);
    case 'slow':
      return slow.map((knot) => [knot]);
    case 'maps':
      return maps.map((knot) => [knot]);
    case 'hosted':
      return host === hit ? hosted.map((knot) => [knot]) : [];
    case 'shared':
      return shared ? [shared] : [];
    default:
      return [[]];
  }
}
