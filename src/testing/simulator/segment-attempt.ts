import {
  MAP_CONCURRENCY,
  RETRY_WAIT_MS,
  isOwnSkip,
  requiredParentsFailure,
  type Command,
  type MemberEnd,
  type MemberOutcome,
  type OwnSkipReason,
  type Scheduler,
} from '../../engine';
import type { Activity, SegmentAnswer } from './activity';
import { GroupAttempt, type Surroundings } from './attempt';
import { ElementsInAttempt } from './elements-in-attempt';
import type { SimulatedParts, Slot } from './parts';
import type { SegmentLayout, Subject } from './subject';
import type { FailedRecord, KnotRecord } from './store';
import { isElement, knotOfUnit } from './units';

/** One attempt at a segment: the real scheduler over its members, as the segment's activity drives it. */
export class SegmentAttempt extends GroupAttempt {
  private readonly graph: SegmentLayout;
  private readonly inner: Scheduler<Slot>;
  /** By knot, those that had a record when the attempt began. */
  private readonly found = new Map<number, KnotRecord>();
  /** Members without a value, for those that receive outcomes. */
  private readonly failed = new Map<number, FailedRecord>();
  private readonly choices = new Map<number, string>();
  private readonly ownSkips = new Map<number, OwnSkipReason>();
  /** Members that failed for their parents: the interpreter decides them again. */
  private readonly unrun = new Set<number>();
  /** Those that something is being done for. */
  private readonly active = new Set<number>();
  private readonly alone = new Set<number>();
  private readonly throws = new Map<number, number>();
  private readonly waited = new Map<number, number>();
  /** By map that has begun. */
  private readonly maps = new Map<number, ElementsInAttempt>();
  private isHeld = false;
  private isRefused = false;
  private isEnded = false;

  constructor(
    activity: Activity,
    number: number,
    lost: number,
    worker: number,
    surroundings: Surroundings,
    private readonly subject: Subject,
    parts: SimulatedParts,
  ) {
    super(activity, number, lost, worker, surroundings);
    this.graph = subject.segmentLayout(activity.task.knots);
    this.inner = parts.createScheduler(this.graph.layout, {});
  }

  begin(): void {
    const { activity, graph } = this;
    const { knots, parents } = activity.task;
    if (this.mayBeRecorded) {
      for (const knot of knots) {
        const record = this.surroundings.lookUp(knot);
        if (record) this.found.set(knot, record);
      }
    }
    const outside = graph.knots
      .slice(0, graph.layout.parameterCount)
      .map((knot) => parents.get(knot) ?? null);
    this.carryOut(this.inner.apply({ type: 'start', parameters: outside }));
    this.endAtRest();
  }

  /** What a parent came to, to the segment; null: it is to be looked up. */
  slotOf(knot: number): Slot {
    return this.inner.value(this.graph.indexOf.get(knot)!) ?? null;
  }

  /** What became of a member without a value; undefined: it has one, or is none. */
  failedParent(knot: number): FailedRecord | undefined {
    return this.failed.get(knot);
  }

  throwsOf(knot: number): number {
    if (isElement(knot)) return this.maps.get(knotOfUnit(knot))!.throwsOf(knot);
    return this.throws.get(knot) ?? 0;
  }

  threw(knot: number, error: unknown): void {
    if (isElement(knot)) return this.maps.get(knotOfUnit(knot))!.threw(knot, error);
    const throws = this.throwsOf(knot) + 1;
    this.throws.set(knot, throws);
    const { surroundings } = this;
    const delay = surroundings.retryDelay(knot, throws, error);
    if (delay === undefined) return surroundings.commit(this, knot, surroundings.errorRecord(knot, error));
    const waited = (this.waited.get(knot) ?? 0) + delay;
    this.waited.set(knot, waited);
    if (waited > RETRY_WAIT_MS || this.isHeld) {
      this.alone.add(knot);
      this.drop(knot);
    } else {
      surroundings.callBody(this, knot, this.number + throws);
    }
  }

  recorded(knot: number, record: KnotRecord): void {
    if (isElement(knot)) return this.maps.get(knotOfUnit(knot))!.recorded(knot);
    this.active.delete(knot);
    this.adopt(knot, record);
    this.endAtRest();
  }

  refused(knot: number): void {
    this.isRefused = true;
    this.stopped(knot);
  }

  cancelled(inBody: readonly number[]): void {
    this.hold();
    for (const knot of inBody) this.leave(knot);
    if (inBody.length > 0) this.endAtRest();
  }

  stopped(knot: number): void {
    this.hold();
    this.drop(knot);
  }

  get answerToGive(): SegmentAnswer {
    const values = new Map<number, Slot>();
    const throws = new Map<number, number>();
    const ends = this.activity.task.knots.map((knot, position): MemberEnd => {
      const kind = this.inner.outcomeKind(this.graph.indexOf.get(knot)!);
      if (kind === 'ok' && this.graph.wanted[position]) values.set(knot, this.slotOf(knot));
      if (kind === 'ok' || (kind === 'err' && !this.unrun.has(knot))) return kind;
      if (!this.alone.has(knot)) return 'again';
      throws.set(knot, this.throwsOf(knot));
      for (const [element, thrown] of this.maps.get(knot)?.givenBack ?? []) throws.set(element, thrown);
      return 'alone';
    });
    return { kind: 'segment', ends, values, choices: this.choices, ownSkips: this.ownSkips, throws };
  }

  private get mayBeRecorded(): boolean {
    return this.number > 1 || this.activity.task.mayBeRecorded;
  }

  private carryOut(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.type === 'run') {
        for (const index of command.knots) this.run(this.graph.knots[index]!);
      } else if (command.type === 'skip') {
        const { reason } = command;
        for (const index of command.knots) {
          const why = reason === 'branch_not_selected' ? { reason } : this.inner.skipDetail(index);
          this.failed.set(this.graph.knots[index]!, { outcome: 'skipped', ...why });
        }
      } else if (command.type === 'fail') {
        for (const index of command.knots) this.fail(index);
      }
    }
  }

  private fail(index: number): void {
    const knot = this.graph.knots[index]!;
    const failure = requiredParentsFailure(this.graph.layout, index, (parent) =>
      this.inner.outcomeKind(parent),
    );
    this.failed.set(knot, { outcome: 'err', type: failure.type, message: failure.message });
    this.unrun.add(knot);
  }

  private run(knot: number): void {
    const record = this.found.get(knot);
    if (record) return this.adopt(knot, record);
    // Who was running when a worker was lost has no record, and all its parents have one: those and only those come here.
    if (this.lost > 0) {
      this.alone.add(knot);
    } else if (!this.isHeld) {
      this.active.add(knot);
      if (this.subject.mapOf(knot)) this.runMap(knot);
      else this.surroundings.callBody(this, knot, this.number);
    }
  }

  private runMap(map: number): void {
    const { surroundings } = this;
    const all = surroundings.elementsOf(this, map);
    const elements = this.mayBeRecorded ? all.filter((element) => !surroundings.lookUp(element)) : all;
    const { concurrency = MAP_CONCURRENCY } = this.subject.mapOf(map)!;
    const run = new ElementsInAttempt(
      this,
      surroundings,
      elements,
      concurrency,
      () => this.isHeld,
      () => this.endMap(map, run),
    );
    this.maps.set(map, run);
    run.begin();
  }

  private endMap(map: number, run: ElementsInAttempt): void {
    if (run.isComplete) return this.surroundings.callBody(this, map, this.number);
    if (run.givenBack.size > 0) this.alone.add(map);
    this.drop(map);
  }

  private adopt(knot: number, record: KnotRecord): void {
    const outcome = this.outcomeOf(knot, record);
    if (!outcome) {
      // Settled as skipped meanwhile: this attempt is not wanted any more.
      this.isRefused = true;
      return this.hold();
    }
    this.carryOut(this.inner.apply({ type: 'settled', knot: this.graph.indexOf.get(knot)!, outcome }));
  }

  private outcomeOf(knot: number, record: KnotRecord): MemberOutcome<Slot> | undefined {
    if (record.outcome === 'ok') {
      const { value, choice } = record;
      if (choice !== undefined) this.choices.set(knot, choice);
      return { kind: 'ok', value, ...(choice !== undefined && { choice }) };
    }
    const reason = record.outcome === 'skipped' ? record.reason : undefined;
    const isOwn = isOwnSkip(reason);
    if (record.outcome === 'skipped' && !isOwn) return undefined;
    this.failed.set(knot, record);
    if (!isOwn) return { kind: 'err' };
    this.ownSkips.set(knot, reason);
    return { kind: 'skipped', reason };
  }

  private drop(knot: number): void {
    this.leave(knot);
    this.endAtRest();
  }

  private leave(knot: number): void {
    if (isElement(knot)) this.maps.get(knotOfUnit(knot))!.drop(knot);
    else this.active.delete(knot);
  }

  private hold(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    this.inner.apply({ type: 'hold' });
  }

  private endAtRest(): void {
    if (this.active.size > 0 || this.isEnded) return;
    this.isEnded = true;
    if (this.isRefused) this.surroundings.refuse(this);
    else this.surroundings.answer(this);
  }
}
