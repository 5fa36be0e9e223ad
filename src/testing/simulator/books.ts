import { isExpanding, type Layout } from '../../plan';
import type { Command, KnotOutcome, Scheduler, SchedulerEvent } from '../../scheduler';
import type { Schedulers } from '../../workflows/temporal-host';
import type { Slot } from '../../workflows/slot';
import type { Facts } from '../../workflows/world';
import { isFull } from './execution';
import type { ReferenceOutcome } from './reference-interpreter';
import { Violation, type ViolationKind } from './violation';

export interface BooksListener {
  /** Reports a violation even if the workflow misinterprets it. */
  fail(violation: Error): void;
  readonly isCancelled: boolean;
  /** Whether the run history has lost records. */
  readonly hasLost: boolean;
  nameOf(knot: string): string;
  /** Throws a {@link Violation} unless the outcome in `slot` is the recorded value. */
  requireRecorded(knot: string, slot: Slot): void;
}

/** The outcome of a knot, by knot; undefined if it is not settled. */
export type Outcomes = readonly (ReferenceOutcome | undefined)[];

type Restored = ReturnType<Schedulers['restore']>;

/** Records the events and commands of a scheduler, and checks each command against them. */
export class Books {
  isFinished = false;
  readonly outcomes: (ReferenceOutcome | undefined)[];
  /** The first knot of a knot's segment, or the knot itself, by knot. */
  private readonly running = new Map<number, number>();
  private scheduler: Scheduler<Slot> | undefined;
  /** Whether this execution settled a knot, and whether it settled one when the history was full. */
  private hasSettled = false;
  private isToContinue = false;

  constructor(
    private layout: Layout,
    private readonly window: number,
    before: Outcomes,
    private readonly listener: BooksListener,
    private readonly facts: () => Facts,
  ) {
    this.outcomes = [...before];
  }

  watch(scheduler: Scheduler<Slot>): Scheduler<Slot> {
    this.scheduler = scheduler;
    const apply = scheduler.apply.bind(scheduler);
    scheduler.apply = (event) => {
      this.guard(() => this.hear(event));
      const isAtRest = this.hasSettled && this.running.size === 0 && /settled/i.test(event.type);
      const commands = this.obeyed(() => apply(event));
      this.guard(() => {
        this.check(commands);
        if (isAtRest) this.requireRest();
      });
      return commands;
    };
    return scheduler;
  }

  restore(restored: () => Restored): Restored {
    const { scheduler, commands } = this.obeyed(restored);
    this.watch(scheduler);
    this.guard(() => this.check(commands));
    return { scheduler, commands };
  }

  /** Throws a {@link Violation} if a command is wrong. */
  private check(commands: readonly Command[]): void {
    for (const command of commands) {
      if (this.isFinished) throw new Violation('wrong command', 'Something was commanded after the finish');
      switch (command.type) {
        case 'run':
          for (const knot of command.knots) this.dispatch([knot]);
          break;
        case 'segment':
          this.dispatch(command.knots);
          break;
        case 'skip':
          for (const knot of command.knots) this.settleUnrun(knot, `skipped: ${command.reason}`);
          break;
        case 'pass':
          for (const knot of command.knots) this.settleUnrun(knot, 'ok');
          break;
        case 'fail':
          for (const knot of command.knots) this.settleUnrun(knot, 'err: RequireAllParents');
          break;
        case 'finish': {
          const open = this.outcomes.indexOf(undefined);
          if (open >= 0) throw this.violation('wrong command', open, 'was open when the run finished');
          this.isFinished = true;
        }
      }
    }
    if (this.atOnce <= this.window) return;
    const what = `was dispatched over the window of ${this.window}`;
    throw this.violation('wrong command', [...this.running.keys()].at(-1)!, what);
  }

  /** Throws a {@link Violation} if a knot was dispatched although the run could have continued as new. */
  private requireRest(): void {
    const sent = [...this.running.keys()].at(-1);
    if (sent === undefined || !this.facts().continueAsNewSuggested || this.listener.isCancelled) return;
    throw this.violation('wrong command', sent, 'was dispatched when its run was to continue as new');
  }

  private guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.listener.fail(error as Error);
    }
  }

  private obeyed<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const violation = new Violation('wrong command', `The scheduler refused an event: ${String(error)}`);
      this.listener.fail(violation);
      throw violation;
    }
  }

  /** Requires that the scheduler agrees when the run has ended. */
  checkAtEnd(): void {
    this.outcomes.forEach((outcome, knot) => {
      const kind = this.scheduler?.outcomeKind(knot);
      if (kind === outcome?.split(':')[0]) return;
      throw this.violation('wrong outcome', knot, `is ${kind} to the scheduler, and came to ${outcome}`);
    });
  }

  /** Throws a {@link Violation} if the knot is not running. */
  requireRunning(knot: number): void {
    if (this.running.has(knot)) return;
    throw this.violation('wrong command', knot, `was sent when it was ${this.outcomes[knot] ?? 'waiting'}`);
  }

  /** Throws a {@link Violation} if the history is full, and a knot was settled since the execution began. */
  requireRoom(knot: number): void {
    if (!this.hasSettled || !isFull(this.facts()) || this.listener.isCancelled) return;
    throw this.violation('wrong command', knot, 'was sent when the history was full');
  }

  /** Throws a {@link Violation} if the run should have continued as new, as all running work outlives an execution. */
  requireContinued(): void {
    if (!this.isToContinue || this.listener.isCancelled) return;
    const isAway = (knot: number): boolean =>
      isExpanding(this.policyOf(knot)) || this.policyOf(knot).wait !== undefined;
    const [away, ...others] = this.running.keys();
    if (away === undefined || ![away, ...others].every(isAway)) return;
    throw this.violation('wrong command', away, 'is waited for by an execution that has a full history');
  }

  private hear(event: SchedulerEvent<Slot>): void {
    switch (event.type) {
      case 'start':
        for (const knot of event.takenOver?.keys() ?? []) this.outcomes[knot] = 'ok';
        break;
      case 'settled':
        this.settle(event.knot, event.outcome);
        break;
      case 'segmentSettled':
        for (const [knot, first] of this.running) if (first === event.segment) this.running.delete(knot);
        for (const [knot, outcome] of event.outcomes) this.settle(knot, outcome);
        break;
      case 'extend':
        this.layout = event.layout;
        while (this.outcomes.length < event.layout.size) this.outcomes.push(undefined);
        this.isFinished = false;
        break;
      case 'cancel':
      case 'hold':
      case 'release':
    }
  }

  private settle(knot: number, outcome: KnotOutcome<Slot>): void {
    this.running.delete(knot);
    this.hasSettled = true;
    this.isToContinue ||= isFull(this.facts());
    this.outcomes[knot] = outcome.kind === 'skipped' ? `skipped: ${outcome.reason}` : outcome.kind;
    if (outcome.kind === 'ok') this.listener.requireRecorded(this.layout.ids[knot]!, outcome.value);
  }

  private dispatch(knots: readonly number[]): void {
    for (const knot of knots) this.requireReady(knot, knots);
    for (const knot of knots) this.running.set(knot, knots[0]!);
  }

  private requireReady(knot: number, members: readonly number[]): void {
    this.requireOpen(knot, 'was dispatched');
    const { parents, parentStart } = this.layout;
    // An open wait, and a child run, go on while a parent whose record is lost runs again.
    const policy = this.policyOf(knot);
    if (this.listener.hasLost && (policy.wait || isExpanding(policy))) return;
    const receives = this.policyOf(knot).errorPolicy === 'receiveErrors';
    for (const parent of parents.subarray(parentStart[knot], parentStart[knot + 1])) {
      const outcome = this.outcomes[parent];
      if ((parent !== knot && members.includes(parent)) || (receives && outcome && outcome !== 'ok'))
        continue;
      if (outcome !== 'ok')
        throw this.violation('wrong command', knot, 'was dispatched before its parent was Ok');
      if (this.scheduler!.value(parent) === undefined)
        throw this.violation('wrong command', knot, 'was dispatched when the value of a parent was dropped');
    }
  }

  private requireOpen(knot: number, what: string): void {
    if (!this.running.has(knot) && this.outcomes[knot] === undefined) return;
    const when = this.running.has(knot) ? 'while it was running' : 'when it was settled';
    throw this.violation('wrong command', knot, `${what} ${when}`);
  }

  private settleUnrun(knot: number, outcome: ReferenceOutcome): void {
    this.requireOpen(knot, `came to ${outcome}`);
    this.outcomes[knot] = outcome;
  }

  /** The number of concurrent activities: a segment is one, and a waiting knot is none. */
  private get atOnce(): number {
    let count = 0;
    for (const [knot, first] of this.running) if (knot === first && !this.policyOf(knot).wait) count += 1;
    return count;
  }

  private policyOf(knot: number): Layout['policies'][number] {
    return this.layout.policies[this.layout.policy[knot]!]!;
  }

  private violation(kind: ViolationKind, knot: number, what: string): Violation {
    const id = this.listener.nameOf(this.layout.ids[knot]!);
    return new Violation(kind, `Knot "${id}" ${what}`, id);
  }
}
