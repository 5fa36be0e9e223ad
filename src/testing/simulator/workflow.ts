import {
  packEnds,
  requiredParentsFailure,
  unpackEnds,
  type Command,
  type MemberOutcome,
  type SavedScheduler,
  type Scheduler,
  type SchedulerEvent,
} from '../../engine';
import { SelvageError } from '../../errors';
import type { StoredFragment } from '../../execution';
import type { Answer, Pending, SegmentAnswer, Task } from './activity';
import type { SimulatedParts, Slot } from './parts';
import type { ReferenceOutcome } from './reference-interpreter';
import type { Schedule } from './schedule';
import type { FailedRecord } from './store';
import type { Subject } from './subject';
import { Violation } from './violation';

/** What the workflow asks of the server. */
export interface Commanded {
  schedule(task: Task): Pending;
  cancel(pending: Pending): void;
  /** Records a knot that no activity has recorded. */
  recordUnrun(knot: number, record: FailedRecord): void;
  settle(): void;
}

/** An event of an execution's history, and what the scheduler commanded on it. */
interface Entry {
  readonly event: SchedulerEvent<Slot>;
  readonly commands: readonly Command[];
}

/** One execution of the continued chain: where it began, and what has happened since. */
interface Execution {
  /** What it began with. */
  readonly subject: Subject;
  /** Undefined: the first. */
  readonly saved: SavedScheduler<Slot> | undefined;
  readonly restored: readonly Command[];
  readonly entries: Entry[];
}

/**
 * The interpreter's side of a simulated run: the real scheduler, driven as the Temporal host drives it, with books of its own
 * that every command is checked against.
 */
export class SimulatedWorkflow {
  /** By knot; undefined: not settled. */
  readonly outcomes: (ReferenceOutcome | undefined)[];
  isFinished = false;
  isCancelled = false;
  private scheduler: Scheduler<Slot>;
  private readonly executions: Execution[];
  /** By knot or, of a segment, first knot. */
  private readonly pending = new Map<number, Pending>();
  private readonly isRunning: boolean[];
  /** Knots that a segment gave back to go with a later one, be it of a later execution. */
  private readonly again = new Set<number>();
  /** Knots and elements of maps that a segment gave back to go alone: how often their bodies have thrown. */
  private readonly thrown = new Map<number, number>();
  private isHeld = false;
  private readonly takenOver: readonly number[];
  private readonly options: { window: number; segments: boolean };

  constructor(
    public subject: Subject,
    { window, segments, takenOver }: Pick<Schedule, 'window' | 'segments' | 'takenOver'>,
    private readonly parts: SimulatedParts,
    private readonly server: Commanded,
  ) {
    this.options = { window, segments };
    this.takenOver = takenOver;
    const { parameterCount } = subject.layout;
    this.outcomes = subject.layout.ids.map((_, knot) => (knot < parameterCount ? 'ok' : undefined));
    for (const knot of takenOver) this.outcomes[knot] = 'ok';
    this.isRunning = subject.layout.ids.map(() => false);
    this.scheduler = parts.createScheduler(subject.layout, this.options);
    this.executions = [{ subject, saved: undefined, restored: [], entries: [] }];
  }

  get hasPending(): boolean {
    return this.pending.size > 0;
  }

  start(parameters: readonly Slot[]): void {
    // Values of what is taken over are looked up by their records.
    const takenOver = new Map(this.takenOver.map((knot) => [knot, null]));
    this.apply({ type: 'start', parameters, ...(takenOver.size > 0 && { takenOver }) });
    this.continueAtRest();
  }

  /** What was pending has ended. */
  hear(pending: Pending, answer: Answer): void {
    // One whose grace was over is settled already when it ends at last.
    if (this.pending.get(pending.knot) !== pending) return;
    this.pending.delete(pending.knot);
    const { knots, kind } = pending.task;
    for (const knot of knots) this.isRunning[knot] = false;
    if (kind === 'segment') {
      this.applySegment(knots, answer.kind === 'segment' ? answer : undefined);
    } else {
      const [knot] = knots as [number];
      if (answer.kind === 'ok') {
        if (answer.extension) this.extend(answer.extension, knot);
        this.outcomes[knot] = 'ok';
        const { value, choice } = answer;
        const outcome = { kind: 'ok', value, ...(choice !== undefined && { choice }) } as const;
        this.apply({ type: 'settled', knot, outcome });
      } else if (answer.kind === 'skipped') {
        this.outcomes[knot] = `skipped: ${answer.reason}`;
        this.apply({ type: 'settled', knot, outcome: answer });
      } else if (answer.kind === 'err') {
        this.outcomes[knot] = 'err';
        this.apply({ type: 'settled', knot, outcome: { kind: 'err' } });
      } else {
        this.outcomes[knot] = 'skipped: cancelled';
        this.apply({ type: 'settled', knot, outcome: { kind: 'skipped', reason: 'cancelled' } });
      }
    }
    this.continueAtRest();
  }

  cancel(): void {
    if (this.isCancelled || this.isFinished) return;
    this.isCancelled = true;
    this.apply({ type: 'cancel' });
    for (const pending of this.pending.values()) this.server.cancel(pending);
  }

  /** What has not ended by then is skipped. */
  endGrace(): void {
    for (const pending of [...this.pending.values()]) this.hear(pending, { kind: 'cancelled' });
  }

  /** Dispatches nothing more, and goes on in a new execution when nothing is pending but what outlives this one. */
  requestContinuation(): void {
    if (this.isHeld || this.isCancelled) return;
    this.isHeld = true;
    this.apply({ type: 'hold' });
  }

  /** Loses the scheduler and makes it anew, from where the execution began and what has happened since. */
  replay(): void {
    this.scheduler = this.replayed(this.executions.at(-1)!);
  }

  /** That the scheduler agrees with the books, and all executions replay to the same commands. */
  checkAtEnd(): void {
    this.outcomes.forEach((outcome, knot) => {
      const kind = this.scheduler.outcomeKind(knot);
      if (kind !== outcome?.split(':')[0]) {
        throw this.violation('wrong outcome', knot, `is ${kind} to the scheduler, and came to ${outcome}`);
      }
    });
    for (const execution of this.executions) this.replayed(execution);
  }

  /** Of a terminal, or of a knot with children that are not settled. */
  value(knot: number): Slot | undefined {
    return this.scheduler.value(knot);
  }

  private applySegment(members: readonly number[], answer: SegmentAnswer | undefined): void {
    const outcomes = new Map<number, MemberOutcome<Slot>>();
    const alone: number[] = [];
    // As it travels.
    const ends = answer && unpackEnds(packEnds(answer.ends), members.length);
    members.forEach((knot, position) => {
      const end = ends?.[position];
      if (end === 'ok') {
        const choice = answer?.choices.get(knot);
        const value = answer?.values.get(knot) ?? null;
        outcomes.set(knot, { kind: 'ok', value, ...(choice !== undefined && { choice }) });
        this.outcomes[knot] = 'ok';
      } else if (answer?.ownSkips.has(knot)) {
        const reason = answer.ownSkips.get(knot)!;
        outcomes.set(knot, { kind: 'skipped', reason });
        this.outcomes[knot] = `skipped: ${reason}`;
      } else if (end === 'err') {
        outcomes.set(knot, { kind: 'err' });
        this.outcomes[knot] = 'err';
      } else if (end === 'alone') {
        alone.push(knot);
      } else if (end === 'again') {
        this.again.add(knot);
      }
    });
    for (const [unit, throws] of answer?.throws ?? []) this.thrown.set(unit, throws);
    this.apply({ type: 'segmentSettled', segment: members[0]!, outcomes, alone });
  }

  /** Before the knot whose body asked for it is settled, so that the run cannot end in between. */
  private extend(fragment: StoredFragment, by: number): void {
    let extended: Subject;
    try {
      extended = this.subject.extendedBy(fragment);
    } catch (error) {
      if (!SelvageError.is(error)) throw error;
      throw this.violation(
        'extension refused',
        by,
        `has extended the run by what cannot be added: ${error.message}`,
      );
    }
    const before = this.subject.size;
    this.subject = extended;
    for (let knot = before; knot < extended.size; knot++) {
      this.outcomes.push(undefined);
      this.isRunning.push(false);
    }
    // Values are looked up by their records.
    this.apply({ type: 'extend', layout: extended.layout, recall: () => null });
  }

  private apply(event: SchedulerEvent<Slot>): void {
    const commands = this.applyTo(this.scheduler, event);
    this.executions.at(-1)!.entries.push({ event, commands });
    this.carryOut(commands);
  }

  private applyTo(scheduler: Scheduler<Slot>, event: SchedulerEvent<Slot>): Command[] {
    try {
      return scheduler.apply(event);
    } catch (error) {
      throw new Violation('wrong command', `The scheduler refused an event: ${String(error)}`);
    }
  }

  private continueAtRest(): void {
    if (!this.isHeld || this.isCancelled || this.isFinished) return;
    if (this.hasPending && ![...this.pending.values()].every(({ isAway }) => isAway)) return;
    const saved = this.scheduler.save();
    // As it travels: values stay behind, and are looked up by their records.
    const travelled = JSON.parse(
      JSON.stringify({ ...saved, values: saved.values.map(() => null) }),
    ) as SavedScheduler<Slot>;
    this.isHeld = false;
    const { scheduler, commands } = this.restored(this.subject, travelled);
    this.scheduler = scheduler;
    this.executions.push({ subject: this.subject, saved: travelled, restored: commands, entries: [] });
    this.carryOut(commands, this.pending);
  }

  private restored(
    { layout }: Subject,
    saved: SavedScheduler<Slot>,
  ): ReturnType<SimulatedParts['restoreScheduler']> {
    try {
      return this.parts.restoreScheduler(layout, saved, this.options);
    } catch (error) {
      throw new Violation(
        'wrong command',
        `The scheduler cannot be restored from what it saved: ${String(error)}`,
      );
    }
  }

  private replayed({ subject, saved, restored, entries }: Execution): Scheduler<Slot> {
    let scheduler: Scheduler<Slot>;
    if (saved) {
      const begun = this.restored(subject, saved);
      scheduler = begun.scheduler;
      this.compare(restored, begun.commands, 'its beginning');
    } else {
      scheduler = this.parts.createScheduler(subject.layout, this.options);
    }
    for (const { event, commands } of entries) {
      this.compare(commands, this.applyTo(scheduler, event), `the event ${event.type}`);
    }
    return scheduler;
  }

  private compare(before: readonly Command[], now: readonly Command[], when: string): void {
    const isSame =
      before.length === now.length &&
      before.every((command, place) => {
        const other = now[place]!;
        if (command.type !== other.type) return false;
        if (command.type === 'finish' || other.type === 'finish') return true;
        return (
          command.knots.length === other.knots.length &&
          command.knots.every((knot, index) => knot === other.knots[index])
        );
      });
    if (isSame) return;
    throw new Violation(
      'not deterministic',
      `A replay gave other commands on ${when}: ${JSON.stringify(now)} instead of ${JSON.stringify(before)}`,
    );
  }

  /** @param carried what is under way already, of an execution before */
  private carryOut(commands: readonly Command[], carried?: ReadonlyMap<number, Pending>): void {
    for (const command of commands) {
      if (this.isFinished) throw new Violation('wrong command', 'Something was commanded after the finish');
      if (command.type === 'run') {
        for (const knot of command.knots) if (!carried?.has(knot)) this.dispatch([knot], false);
      } else if (command.type === 'segment') {
        this.dispatch(command.knots, true);
      } else if (command.type === 'skip') {
        for (const knot of command.knots) this.settleUnrun(knot, `skipped: ${command.reason}`);
      } else if (command.type === 'pass') {
        for (const knot of command.knots) this.settleUnrun(knot, 'ok');
      } else if (command.type === 'fail') {
        for (const knot of command.knots) this.settleUnrun(knot, 'err: RequireAllParents');
      } else {
        this.finish();
      }
    }
  }

  private dispatch(knots: readonly number[], isSegment: boolean): void {
    const parents = new Map<number, Slot>();
    for (const knot of knots) {
      if (this.isRunning[knot])
        throw this.violation('wrong command', knot, 'was dispatched while it was running');
      if (this.outcomes[knot] !== undefined) {
        throw this.violation('wrong command', knot, 'was dispatched when it was settled');
      }
      this.isRunning[knot] = true;
      for (const parent of this.subject.parentsOf[knot]!) {
        if (isSegment && knots.includes(parent)) continue;
        if (!isSegment && this.subject.receives(knot) && this.recordIfFailed(parent)) continue;
        if (this.outcomes[parent] !== 'ok') {
          throw this.violation('wrong command', knot, `was dispatched before its parent was Ok`);
        }
        const slot = this.scheduler.value(parent);
        if (slot === undefined) {
          throw this.violation(
            'wrong command',
            knot,
            'was dispatched when the value of a parent was dropped',
          );
        }
        parents.set(parent, slot);
      }
    }
    const pending = this.server.schedule({
      knots,
      kind: isSegment ? 'segment' : 'knot',
      parents,
      mayBeRecorded: isSegment
        ? knots.some((knot) => this.again.has(knot))
        : this.scheduler.isAlone(knots[0]!),
      thrown: this.thrown,
    });
    this.pending.set(pending.knot, pending);
    if (this.inFlight > this.options.window) {
      throw this.violation(
        'wrong command',
        knots[0]!,
        `was dispatched over the window of ${this.options.window}`,
      );
    }
  }

  /** What waits for a signal or a time is none. */
  private get inFlight(): number {
    const { size } = this.pending;
    if (size <= this.options.window) return size;
    return [...this.pending.keys()].filter((knot) => !this.subject.waits(knot)).length;
  }

  private settleUnrun(knot: number, outcome: ReferenceOutcome): void {
    if (this.isRunning[knot]) {
      throw this.violation('wrong command', knot, `came to ${outcome} while it was running`);
    }
    if (this.outcomes[knot] !== undefined) {
      throw this.violation('wrong command', knot, `came to ${outcome} when it was settled`);
    }
    this.outcomes[knot] = outcome;
  }

  /** Has a knot without a value recorded, before a child reads there what became of it; false of any other knot. */
  private recordIfFailed(knot: number): boolean {
    const outcome = this.outcomes[knot];
    if (outcome === undefined || outcome === 'ok') return false;
    const record = this.unrunRecord(knot);
    if (record) this.server.recordUnrun(knot, record);
    return true;
  }

  /** Of a knot that no activity records. */
  unrunRecord(knot: number): FailedRecord | undefined {
    const outcome = this.outcomes[knot];
    if (outcome === 'err: RequireAllParents') {
      const { layout } = this.subject;
      const { type, message } = requiredParentsFailure(layout, knot, (parent) =>
        this.scheduler.outcomeKind(parent),
      );
      return { outcome: 'err', type, message };
    }
    if (outcome === 'skipped: cancelled') return { outcome: 'skipped' };
    if (outcome === 'skipped: branch_not_selected')
      return { outcome: 'skipped', reason: 'branch_not_selected' };
    // What its function said is on record.
    if (outcome === 'skipped: gate_closed' || outcome === 'skipped: no_alternative') return undefined;
    return outcome?.startsWith('skipped')
      ? { outcome: 'skipped', ...this.scheduler.skipDetail(knot) }
      : undefined;
  }

  private finish(): void {
    const open = this.outcomes.indexOf(undefined);
    if (open >= 0) throw this.violation('wrong command', open, 'was open when the run finished');
    this.isFinished = true;
    this.server.settle();
  }

  private violation(kind: Violation['kind'], knot: number, what: string): Violation {
    const id = this.subject.idOf(knot);
    return new Violation(kind, `Knot "${id}" ${what}`, id);
  }
}
