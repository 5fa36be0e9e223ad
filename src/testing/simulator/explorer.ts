import { setImmediate as nextTurn } from 'node:timers/promises';
import { isOwnSkip, type OwnSkipReason } from '../../engine';
import { retryDelay } from '../../execution';
import { ByChance, Scripted, blowSet, type Adversary, type BlowSet } from './adversary';
import type { Bodies } from './bodies';
import type { SimulatedParts } from './parts';
import { below, randomOf, type Random } from './random';
import { interpret, type ReferenceOutcome, type ReferenceRun } from './reference-interpreter';
import { BLOWS, UNDISTURBED, WHOLE_WINDOW, type Blow, type BlowKind, type Schedule } from './schedule';
import { shrink } from './shrink';
import { SimulatedRun, type RunEnd } from './simulated-run';
import type { KnotRecord } from './store';
import type { Subject } from './subject';
import { Violation } from './violation';

export type Crash = 'everywhere' | 'random' | 'never';

export interface Exploration {
  readonly crash: Crash;
  readonly schedules: number;
  readonly seed: number;
  readonly cancel: boolean;
  /** Whether local knots go out in segments, in each of these ways. */
  readonly segments: readonly boolean[];
}

export interface Explored {
  readonly schedules: number;
  /** Whether each single blow was tried at each boundary. */
  readonly everywhere: boolean;
  readonly bodies: number;
  readonly blows: Readonly<Record<BlowKind, number>>;
}

export interface Failure {
  readonly violation: Violation;
  /** The smallest. */
  readonly schedule: Schedule;
  /** As it was found. */
  readonly found: Schedule;
  /** Schedules before it. */
  readonly before: number;
}

/** Of what a run without crashes may suffer all the same. */
const HARMLESS = blowSet('delay');
const OF_A_CANCEL = blowSet('cancel', 'graceOver');
const ALL = blowSet(...BLOWS);
const TURN_MS = 50;
const SMALL_WINDOWS = [1, 2, 3];

/** Tries schedule after schedule, until one fails or enough have been tried. */
export class Explorer {
  failure: Failure | undefined;
  private readonly allowed: BlowSet;
  private readonly random: Random;
  private readonly blows = Object.fromEntries(BLOWS.map((kind) => [kind, 0])) as Record<BlowKind, number>;
  private schedules = 0;
  private bodyCalls = 0;
  private turnSince = performance.now();
  /** By failing knots and those taken over: what a run comes to. */
  private readonly expectations = new Map<string, readonly ReferenceOutcome[]>();
  /** Of real bodies: what a run without blows came to. */
  private baseline: RunEnd | undefined;

  constructor(
    private readonly subject: Subject,
    private readonly bodies: Bodies,
    private readonly parts: SimulatedParts,
    private readonly options: Exploration,
  ) {
    const { crash, cancel, seed } = options;
    this.allowed = (crash === 'never' ? HARMLESS : ALL & ~OF_A_CANCEL) | (cancel ? OF_A_CANCEL : 0);
    this.random = randomOf(seed);
  }

  /** Undefined: a schedule failed; `failure` has it. */
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
    return { schedules: this.schedules, everywhere, bodies: this.bodyCalls, blows: this.blows };
  }

  /** One schedule only. */
  async tryOne(schedule: Schedule): Promise<Explored | undefined> {
    try {
      await this.tryUndisturbed({ ...UNDISTURBED, segments: schedule.segments });
      await this.try(schedule, new Scripted(schedule));
    } catch (error) {
      if (error instanceof Violation && this.failure) return undefined;
      throw error;
    }
    return { schedules: this.schedules, everywhere: false, bodies: this.bodyCalls, blows: this.blows };
  }

  private async tryUndisturbed(start: Schedule): Promise<void> {
    const end = await this.try(start, new Scripted(start));
    if (!this.bodies.areReal) return;
    this.baseline ??= end;
    // What differs without any blow is told without one.
    await this.try(start, new Scripted(start));
  }

  /** Each blow at each boundary, then a second one after each of them. Answers whether there was time for all of the first. */
  private async tryEverywhere(start: Schedule, last: number): Promise<boolean> {
    // The simplest first, so that a failure is found with the simplest that shows it.
    const singles = (await this.nextBlows(start)).sort(
      (a, b) => BLOWS.indexOf(a.kind) - BLOWS.indexOf(b.kind),
    );
    if (!this.bodies.areReal) {
      for (let knot = this.subject.layout.parameterCount; knot < this.subject.size; knot++) {
        if (this.schedules < last) await this.tryScript({ ...start, failing: [knot] });
        if (this.schedules < last) await this.tryScript({ ...start, takenOver: [knot] });
      }
    }
    const chosen = spread(singles, last - this.schedules);
    for (const blow of chosen) await this.tryScript({ ...start, blows: [blow] });
    // Half of what is left, and the first blow once more each time, to see what comes after it.
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

  /** Tries the schedule, and answers what could strike after its last blow. */
  private async nextBlows(schedule: Schedule): Promise<Blow[]> {
    const adversary = new Scripted(schedule, this.allowed);
    await this.try(schedule, adversary);
    return adversary.next;
  }

  private async tryByChance(start: Schedule): Promise<void> {
    const { random, subject } = this;
    const failing = this.someKnots(0.5, 1 / subject.size);
    const takenOver = this.someKnots(0.2, 0.3);
    const window = random() < 0.5 ? WHOLE_WINDOW : SMALL_WINDOWS[below(random, SMALL_WINDOWS.length)]!;
    const schedule = { ...start, failing, takenOver, window };
    const chances = {
      delay: random() * 0.3,
      blow: (1 + below(random, 6)) / (6 * subject.size),
      mostBlows: 12,
      mostDelays: 4 * subject.size,
    };
    await this.try(schedule, new ByChance(random, chances, this.allowed));
  }

  /** With `chance`, each knot with `chanceOfEach`; none where bodies are real, for only their own failing is known. */
  private someKnots(chance: number, chanceOfEach: number): number[] {
    const { random, subject } = this;
    const knots: number[] = [];
    if (this.bodies.areReal || random() >= chance) return knots;
    for (let knot = subject.layout.parameterCount; knot < subject.size; knot++) {
      if (random() < chanceOfEach) knots.push(knot);
    }
    return knots;
  }

  /** Runs the schedule; where it fails, finds the smallest that does, and throws. */
  private async try(schedule: Schedule, adversary: Adversary): Promise<RunEnd> {
    const before = this.schedules;
    this.schedules += 1;
    await this.giveTurn();
    try {
      const end = await this.run(schedule, adversary);
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
        await this.run(candidate, new Scripted(candidate));
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

  private async run(schedule: Schedule, adversary: Adversary): Promise<RunEnd> {
    const bodies = this.bodies.forRun(schedule);
    const { retries } = this.subject;
    const run = new SimulatedRun(
      this.subject,
      schedule,
      adversary,
      this.parts,
      bodies.parameters,
      (knot, throws, error) => retryDelay(retries[knot], throws, error),
    );
    for (let call = run.advance(); call; call = run.advance()) run.returned(await bodies.call(call));
    const end = run.end();
    this.compare(end, schedule);
    return end;
  }

  /** With what the reference interpreter says, and with a run without blows. */
  private compare(end: RunEnd, { failing, takenOver }: Schedule): void {
    const { outcomes, records, wasCancelled } = end;
    const { subject, baseline } = this;
    const lost = records.flatMap((record, knot) =>
      record.outcome === 'err' && (record.type === 'WorkerLost' || subject.nodeOf(knot) === 'firstOk')
        ? [knot]
        : [],
    );
    const said = saidBy(records);
    const own = this.bodies.areReal ? failedIn(baseline ?? end) : failing;
    const expected = this.expected([...own, ...lost.filter((knot) => !own.includes(knot))], takenOver, said);
    // Who receives outcomes was told of another failure than without blows.
    const isBelowLost = subject.withDescendants(lost);
    for (let knot = 0; knot < subject.size; knot++) {
      const outcome = outcomes[knot]!;
      const record = records[knot]!;
      const id = subject.idOf(knot);
      if (outcome !== expected[knot] && !(wasCancelled && outcome === 'skipped: cancelled')) {
        const isOfBody =
          baseline && ['ok', 'err'].includes(outcome) && !expected[knot]!.startsWith('skipped');
        throw new Violation(
          isOfBody ? 'not repeatable' : 'wrong outcome',
          `Knot "${id}" came to ${told(outcome, record)} and should have come to ${expected[knot]}`,
          id,
        );
      }
      const before = baseline?.records[knot];
      if (record.outcome !== 'ok' || before?.outcome !== 'ok' || record.value === before.value) continue;
      if (isBelowLost.has(knot)) continue;
      throw new Violation(
        'wrong value',
        `The output of knot "${id}" is ${record.value}, and ${before.value} without blows`,
        id,
      );
    }
  }

  private expected(
    failing: readonly number[],
    takenOver: readonly number[],
    { choices, ownSkips }: Said,
  ): readonly ReferenceOutcome[] {
    const key = `${failing.join()};${takenOver.join()};${[...choices].join()};${[...ownSkips].join()}`;
    let outcomes = this.expectations.get(key);
    if (!outcomes) {
      ({ outcomes } = interpret({
        parentsOf: this.subject.parentsOf,
        parameters: this.subject.layout.parameterCount,
        policies: this.subject.layout.ids.map((_, knot) => this.subject.policyOf(knot)),
        tags: this.subject.layout.ids.map((_, knot) => this.subject.tagOf(knot)),
        choices,
        ownSkips,
        failing: new Set(failing),
        takenOver: new Set(takenOver),
        window: WHOLE_WINDOW,
        choose: (running) => running[0]!,
      }));
      this.expectations.set(key, outcomes);
    }
    return outcomes;
  }

  /** Lets timers and signals of the process have their turn now and then. */
  private async giveTurn(): Promise<void> {
    if (performance.now() - this.turnSince < TURN_MS) return;
    await nextTurn();
    this.turnSince = performance.now();
  }
}

/** What the functions of nodes said in a run, as it is on record. */
type Said = Required<Pick<ReferenceRun, 'choices' | 'ownSkips'>>;

function saidBy(records: readonly KnotRecord[]): Said {
  const choices = new Map<number, string>();
  const ownSkips = new Map<number, OwnSkipReason>();
  records.forEach((record, knot) => {
    if (record.outcome === 'ok' && record.choice !== undefined) choices.set(knot, record.choice);
    if (record.outcome === 'skipped' && isOwnSkip(record.reason)) ownSkips.set(knot, record.reason);
  });
  return { choices, ownSkips };
}

function failedIn({ outcomes }: RunEnd): number[] {
  return outcomes.flatMap((outcome, knot) => (outcome === 'err' ? [knot] : []));
}

function told(outcome: ReferenceOutcome, record: KnotRecord): string {
  return record.outcome === 'err' ? `err (${record.type}: ${record.message})` : outcome;
}

/** At most `count` of the list, at equal distances. */
function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  return Array.from(
    { length: Math.max(0, count) },
    (_, place) => list[Math.floor((place * list.length) / count)]!,
  );
}
