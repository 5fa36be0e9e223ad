import { setImmediate as nextTurn } from 'node:timers/promises';
import { ByChance, LOSE, Scripted, blowSet, type Adversary, type BlowSet } from './adversary';
import { Comparison } from './comparison';
import { below, randomOf, type Random } from './random';
import { BLOWS, UNDISTURBED, WHOLE_WINDOW, type Blow, type BlowKind, type Schedule } from './schedule';
import { shrink } from './shrink';
import { nameIn, type RunEnd } from './run';
import type { Subject } from './subject';
import { Violation } from './violation';
import { SimulatedWorld, type Setting, type WorldEnd } from './world';

export type Crash = 'everywhere' | 'random' | 'never';

export interface Exploration {
  readonly crash: Crash;
  readonly schedules: number;
  readonly seed: number;
  readonly cancel: boolean;
  readonly losses: boolean;
  readonly segments: readonly boolean[];
}

export interface Explored {
  readonly schedules: number;
  /** Whether each single blow was tried at each boundary. */
  readonly everywhere: boolean;
  readonly bodies: number;
  readonly blows: Readonly<Record<BlowKind, number>>;
  /** The undisturbed run, which exists only with real bodies. */
  readonly end: RunEnd | undefined;
}

export interface Failure {
  readonly violation: Violation;
  readonly schedule: Schedule;
  readonly found: Schedule;
  readonly before: number;
}

/** Blows that are allowed without crashes. */
const HARMLESS = blowSet('delay');
const OF_A_CANCEL = blowSet('cancel', 'deadline', 'graceOver');
const ALL = blowSet(...BLOWS);
const TURN_MS = 50;
/** Replaying takes as long as the run, so one of this many runs is replayed at its end, beside evictions. */
const REPLAYED = 4;
const SMALL_WINDOWS = [1, 2, 3];

/** Tries schedules until one fails or enough have been tried. */
export class Explorer {
  failure: Failure | undefined;
  private readonly allowed: BlowSet;
  private readonly random: Random;
  private readonly blows = Object.fromEntries(BLOWS.map((kind) => [kind, 0])) as Record<BlowKind, number>;
  private schedules = 0;
  private bodyCalls = 0;
  private turnSince = performance.now();
  private readonly comparison: Comparison;
  private known: readonly string[] | undefined;
  private baseline: WorldEnd | undefined;

  constructor(
    private readonly subject: Subject,
    private readonly setting: () => Setting,
    private readonly areReal: boolean,
    private readonly options: Exploration,
  ) {
    const { crash, cancel, losses, seed } = options;
    const usual = crash === 'never' ? HARMLESS : ALL & ~OF_A_CANCEL & ~LOSE;
    this.allowed = usual | (cancel ? OF_A_CANCEL : 0) | (losses ? LOSE : 0);
    this.random = randomOf(seed);
    this.comparison = new Comparison(areReal);
  }

  /** Explores schedules; the result is undefined if a schedule failed; `failure` has it. */
  async explore(): Promise<Explored | undefined> {
    const { crash, schedules, segments } = this.options;
    let everywhere = crash === 'everywhere';
    try {
      for (const [place, inSegments] of segments.entries()) {
        const last = Math.ceil((schedules * (place + 1)) / segments.length);
        const start: Schedule = { ...UNDISTURBED, segments: inSegments };
        await this.tryUndisturbed(start);
        if (crash === 'everywhere' && !(await this.tryEverywhere(start, last))) everywhere = false;
        while (this.schedules < last) await this.tryByChance(start);
      }
    } catch (error) {
      if (error instanceof Violation && this.failure) return undefined;
      throw error;
    }
    return this.explored(everywhere);
  }

  async tryOne(schedule: Schedule): Promise<Explored | undefined> {
    try {
      await this.tryUndisturbed({ ...UNDISTURBED, segments: schedule.segments });
      await this.try(schedule, new Scripted(schedule), true);
    } catch (error) {
      if (error instanceof Violation && this.failure) return undefined;
      throw error;
    }
    return this.explored(false);
  }

  private explored(everywhere: boolean): Explored {
    const { schedules, bodyCalls: bodies, blows, baseline } = this;
    return { schedules, everywhere, bodies, blows, end: this.areReal ? baseline?.run : undefined };
  }

  private async tryUndisturbed(start: Schedule): Promise<void> {
    const end = await this.try(start, new Scripted(start));
    this.baseline ??= end;
    if (!this.areReal) return;
    // The run is repeated without blows, to report differences that need none.
    await this.try(start, new Scripted(start));
  }

  /** Tries each blow at each boundary, then a second blow after it. Returns whether all single blows were tried. */
  private async tryEverywhere(start: Schedule, last: number): Promise<boolean> {
    // The simplest schedules come first, so that a failure is found with the simplest blow.
    const singles = (await this.nextBlows(start)).sort(
      (a, b) => BLOWS.indexOf(a.kind) - BLOWS.indexOf(b.kind),
    );
    if (!this.areReal) {
      for (const knot of this.places) {
        if (this.schedules < last) await this.tryScript({ ...start, failing: [knot] });
        if (this.schedules < last && this.isOwn(knot)) await this.tryScript({ ...start, takenOver: [knot] });
      }
    }
    const chosen = spread(singles, last - this.schedules);
    for (const blow of chosen) await this.tryScript({ ...start, blows: [blow] });
    // Second blows get half of the rest, minus a run of each first blow to see the boundaries after it.
    const seconds = Math.floor((last - this.schedules) / 2 / Math.max(1, chosen.length)) - 1;
    if (seconds > 0) for (const blow of chosen) await this.tryPairs({ ...start, blows: [blow] }, seconds);
    return chosen.length === singles.length;
  }

  private async tryPairs(single: Schedule, count: number): Promise<void> {
    for (const second of spread(await this.nextBlows(single), count)) {
      await this.tryScript({ ...single, blows: [...single.blows, second] });
    }
  }

  private async tryScript(schedule: Schedule): Promise<void> {
    await this.try(schedule, new Scripted(schedule));
  }

  /** Tries the schedule, and returns the blows possible after its last one. */
  private async nextBlows(schedule: Schedule): Promise<Blow[]> {
    const adversary = new Scripted(schedule, this.allowed);
    await this.try(schedule, adversary);
    return adversary.next;
  }

  private async tryByChance(start: Schedule): Promise<void> {
    const { random } = this;
    const size = this.baseline!.units;
    const failing = this.some(this.places, 0.5, 1 / size);
    const takenOver = this.some(
      this.places.filter((place) => this.isOwn(place)),
      0.2,
      0.3,
    );
    const window = random() < 0.5 ? WHOLE_WINDOW : SMALL_WINDOWS[below(random, SMALL_WINDOWS.length)]!;
    const schedule = { ...start, failing, takenOver, window };
    const chances = {
      delay: random() * 0.3,
      blow: (1 + below(random, 6)) / (6 * size),
      mostBlows: 12,
      mostDelays: 4 * size,
    };
    await this.try(schedule, new ByChance(random, chances, this.allowed));
  }

  /** With `chance`, chooses each knot with `chanceOfEach`; none with real bodies, which only fail by themselves. */
  private some(places: readonly string[], chance: number, chanceOfEach: number): string[] {
    if (this.areReal || this.random() >= chance) return [];
    return places.filter(() => this.random() < chanceOfEach);
  }

  /** Knots and elements that may fail: all of an undisturbed run. */
  private get places(): readonly string[] {
    return (this.known ??= placesIn(this.baseline!.run));
  }

  /** Whether a name is a knot of the tapestry itself. */
  private isOwn(place: string): boolean {
    return this.subject.layout.ids.includes(place);
  }

  /** Runs a schedule; if it fails, finds the smallest schedule that fails, and throws. */
  private async try(
    schedule: Schedule,
    adversary: Adversary,
    isReplayed = this.schedules % REPLAYED === 0,
  ): Promise<WorldEnd> {
    const before = this.schedules;
    this.schedules += 1;
    await this.giveTurn();
    try {
      const end = await this.run(schedule, adversary, isReplayed);
      this.bodyCalls += end.bodies;
      for (const kind of end.struck) this.blows[kind] += 1;
      return end;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      const found = adversary instanceof ByChance ? { ...schedule, blows: adversary.blows } : schedule;
      this.failure = await this.smallest(found, error, before);
      throw error;
    }
  }

  private async smallest(found: Schedule, violation: Violation, before: number): Promise<Failure> {
    let shown = violation;
    const schedule = await shrink(found, async (candidate) => {
      await this.giveTurn();
      try {
        await this.run(candidate, new Scripted(candidate), true);
        return false;
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        if (error.kind !== violation.kind) return false;
        shown = error;
        return true;
      }
    });
    return { violation: shown, schedule, found, before };
  }

  /** @param isReplayed whether all workflows are replayed at the end */
  private async run(schedule: Schedule, adversary: Adversary, isReplayed: boolean): Promise<WorldEnd> {
    const end = await new SimulatedWorld(this.setting(), schedule, adversary).play(isReplayed);
    this.comparison.check(end, schedule, this.areReal ? this.baseline?.run : undefined);
    return end;
  }

  /** Lets timers and signals of the real process run now and then. */
  private async giveTurn(): Promise<void> {
    if (performance.now() - this.turnSince < TURN_MS) return;
    await nextTurn();
    this.turnSince = performance.now();
  }
}

/** Knots and elements of a run, and of its knots' runs. */
function placesIn({ subject, id, records, children }: RunEnd): string[] {
  const parameters = new Set(subject.layout.ids.slice(0, subject.layout.parameterCount));
  const own = [...records.keys()].filter((knot) => !parameters.has(knot));
  return [...own.map((knot) => nameIn(id, knot)), ...children.flatMap(placesIn)];
}

/** Returns at most `count` items of the list, at equal distances. */
function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  return Array.from(
    { length: Math.max(0, count) },
    (_, place) => list[Math.floor((place * list.length) / count)]!,
  );
}
