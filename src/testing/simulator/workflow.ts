/* eslint-disable max-lines -- it drives the parts of the interpreter in the order in which the Temporal host does */
import {
  branchOf,
  requiredParentsFailure,
  type Command,
  type Envelope,
  type KnotAnswer,
  type KnotOutcome,
  type MemberOutcome,
  type OutcomeKind,
  type SavedScheduler,
  type Scheduler,
  type SchedulerEvent,
  type SchedulerOptions,
  type SkipReason,
  type Waited,
} from '../../scheduler';
import { SelvageError } from '../../errors';
import { KnotTasks } from '../../workflows/knot-tasks';
import {
  RECORDS_LOST,
  type KnotTask,
  type RunMemo,
  type SegmentAnswer,
  type SegmentTask,
} from '../../workflows/messages';
import { PresentPlan } from '../../workflows/present-plan';
import { readSegmentAnswer } from '../../workflows/segment-answer';
import { CANCELLED, outcomeOf, type Slot } from '../../workflows/slot';
import { UnrecordedKnots, type Unrecorded } from '../../workflows/unrecorded-knots';
import type { ActivityEnd } from './activity';
import type { SimulatedParts } from './parts';
import type { ReferenceOutcome } from './reference-interpreter';
import type { Schedule } from './schedule';
import type { Subject } from './subject';
import { Violation, type ViolationKind } from './violation';

/** What is under way for one knot, or for the members of a segment. */
export interface Pending {
  readonly knots: readonly number[];
  readonly isSegment: boolean;
  /** Whether the run may continue as new meanwhile: it waits, or has a child run. */
  isAway: boolean;
  /** Undefined: nothing has begun. No function is put here: V8 frees one that is stored so, and all it refers to, in full collections only. */
  underWay: Cancellable | undefined;
}

export interface Cancellable {
  cancel(): void;
}

/** What the workflow asks of its run. */
export interface WorkflowHost {
  readonly id: string;
  nameOf(knot: string): string;
  /** What is thrown fails the simulation. */
  guard(work: () => void): void;
  fatal(error: unknown): void;
  /** Has an activity done, or what a child run does. */
  send(pending: Pending, task: KnotTask): void;
  sendSegment(pending: Pending, task: SegmentTask): void;
  /** What a knot waits for is to come; `wake` follows. */
  wait(pending: Pending): void;
  record(unrecorded: Unrecorded): Promise<void>;
  /** Throws where it is not what is on record. */
  requireRecorded(knot: string, told: Envelope | undefined): void;
  /** The tapestry with what a fragment brings, by its hash. */
  extended(fragment: string): Subject;
  settle(): void;
}

/** An event of an execution's history, and what the scheduler commanded on it. */
interface Entry {
  readonly event: SchedulerEvent<Slot>;
  readonly commands: readonly Command[];
}

/** One execution of the continued chain: where it began, and what has happened since. */
interface Execution {
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
  private readonly isRunning = new Set<number>();
  private readonly present: PresentPlan;
  private readonly unrecorded: UnrecordedKnots;
  private tasks: KnotTasks;
  private isHeld = false;
  private readonly takenOver: ReadonlySet<number>;
  private readonly options: SchedulerOptions;

  constructor(
    public subject: Subject,
    { window, segments, takenOver }: Pick<Schedule, 'window' | 'segments' | 'takenOver'>,
    private readonly parts: SimulatedParts,
    private readonly host: WorkflowHost,
  ) {
    const { layout, plan } = subject;
    this.options = { window, segments, apart: subject.apart };
    this.takenOver = new Set(takenOver.map((id) => plan.indexOf(id)));
    this.outcomes = layout.ids.map((_, knot) =>
      knot < layout.parameterCount || this.takenOver.has(knot) ? 'ok' : undefined,
    );
    this.present = new PresentPlan(plan.hash, layout);
    this.unrecorded = new UnrecordedKnots(this.present, (unrecorded) => host.record(unrecorded), {
      recorded: (receivers) =>
        host.guard(() => {
          for (const knot of receivers) this.send(this.pending.get(knot)!);
          this.continueAtRest();
        }),
      fatal: (error) => host.fatal(error),
    });
    this.scheduler = parts.createScheduler(layout, this.options);
    this.executions = [{ subject, saved: undefined, restored: [], entries: [] }];
    this.tasks = this.tasksOf([]);
  }

  /** Whether it is cancelled, and waits for what has not ended. */
  get isInGrace(): boolean {
    return this.isCancelled && !this.isFinished && this.pending.size > 0;
  }

  get isContinued(): boolean {
    return this.executions.length > 1;
  }

  /** Knots that have not ended. */
  get open(): number {
    return this.outcomes.filter((outcome) => outcome === undefined).length;
  }

  start(parameters: readonly Slot[]): void {
    // Values of what is taken over are looked up by their records.
    const takenOver = new Map([...this.takenOver].map((knot) => [knot, null]));
    this.apply({ type: 'start', parameters, ...(takenOver.size > 0 && { takenOver }) });
    this.continueAtRest();
  }

  /** What a knot has waited for has come. */
  wake(pending: Pending, waited: Waited): void {
    if (this.pending.get(pending.knots[0]!) !== pending) return;
    pending.isAway = false;
    this.host.send(pending, this.tasks.taskOf(pending.knots[0]!, waited).task);
  }

  /** What was pending has ended. */
  hear(pending: Pending, end: ActivityEnd): void {
    const [knot] = pending.knots as [number];
    // One whose grace was over is settled already when it ends at last.
    if (this.pending.get(knot) !== pending) return;
    this.pending.delete(knot);
    for (const ended of pending.knots) this.isRunning.delete(ended);
    if (pending.isSegment) this.settleSegment(pending.knots, end);
    else this.settle(knot, this.outcomeBy(knot, end));
    this.continueAtRest();
  }

  cancel(): void {
    if (this.isCancelled || this.isFinished) return;
    this.isCancelled = true;
    const unsent = this.unrecorded.takeBack();
    this.apply({ type: 'cancel' });
    for (const knot of unsent) this.hear(this.pending.get(knot)!, { kind: 'cancelled' });
    for (const { underWay } of this.pending.values()) underWay?.cancel();
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

  /** What no activity has recorded. */
  get toRecord(): Unrecorded {
    return this.unrecorded.all;
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

  private settle(knot: number, outcome: KnotOutcome<Slot>): void {
    this.outcomes[knot] = outcome.kind === 'skipped' ? `skipped: ${outcome.reason}` : outcome.kind;
    if (outcome.kind === 'skipped' && outcome.reason === 'cancelled')
      this.unrecorded.noteSkipped(knot, { reason: outcome.reason });
    this.apply({ type: 'settled', knot, outcome });
  }

  private outcomeBy(knot: number, end: ActivityEnd): KnotOutcome<Slot> {
    if (end.kind === 'cancelled') return CANCELLED;
    if (end.kind === 'failed') {
      if ((end.error as { type?: string | null }).type !== RECORDS_LOST) return { kind: 'err' };
      throw this.violation('value missing', knot, `finds no record of a parent: ${end.error.message}`);
    }
    const answer = end.answer as KnotAnswer;
    const outcome = outcomeOf(answer);
    if (outcome.kind === 'ok') this.requireRecorded(knot, outcome.value);
    if ('extension' in answer && answer.extension !== undefined) this.extend(answer.extension, knot);
    return outcome;
  }

  private settleSegment(members: readonly number[], end: ActivityEnd): void {
    const { outcomes, alone } =
      end.kind === 'answered'
        ? readSegmentAnswer(this.present, this.tasks, members, end.answer as SegmentAnswer)
        : { outcomes: new Map<number, MemberOutcome<Slot>>(), alone: end.kind === 'failed' ? members : [] };
    for (const [knot, outcome] of outcomes) {
      if (outcome.kind === 'ok') this.requireRecorded(knot, outcome.value);
      this.outcomes[knot] = outcome.kind === 'skipped' ? `skipped: ${outcome.reason}` : outcome.kind;
    }
    this.apply({ type: 'segmentSettled', segment: members[0]!, outcomes, alone });
  }

  private requireRecorded(knot: number, slot: Slot): void {
    this.host.requireRecorded(this.present.idOf(knot), slot?.envelope);
  }

  /** Before the knot whose body asked for it is settled, so that the run cannot end in between. */
  private extend(fragment: string, by: number): void {
    let extended: Subject;
    try {
      extended = this.host.extended(fragment);
    } catch (error) {
      if (!SelvageError.is(error)) throw error;
      const what = `has extended the run by what cannot be added: ${error.message}`;
      throw this.violation('extension refused', by, what);
    }
    while (this.outcomes.length < extended.size) this.outcomes.push(undefined);
    this.subject = extended;
    this.present.become(extended.plan.hash, extended.layout);
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
    if (!this.isHeld || this.isCancelled || this.isFinished || this.unrecorded.isRecording) return;
    for (const { isAway } of this.pending.values()) if (!isAway) return;
    const { outcomes, values, ...saved } = this.scheduler.save();
    // As it travels: values stay behind, and are looked up by their records.
    const travels = { ...saved, outcomes, values: values.map(() => null) };
    const travelled = JSON.parse(JSON.stringify(travels)) as SavedScheduler<Slot>;
    this.isHeld = false;
    const { scheduler, commands } = this.restored(this.subject, travelled);
    this.scheduler = scheduler;
    this.executions.push({ subject: this.subject, saved: travelled, restored: commands, entries: [] });
    this.tasks = this.tasksOf(this.tasks.stillHandedBack);
    this.carryOut(commands, this.pending);
  }

  private restored(
    { layout }: Subject,
    saved: SavedScheduler<Slot>,
  ): ReturnType<SimulatedParts['restoreScheduler']> {
    try {
      return this.parts.restoreScheduler(layout, saved, this.options);
    } catch (error) {
      const what = `The scheduler cannot be restored from what it saved: ${String(error)}`;
      throw new Violation('wrong command', what);
    }
  }

  private replayed({ subject, saved, restored, entries }: Execution): Scheduler<Slot> {
    let scheduler: Scheduler<Slot>;
    if (saved) {
      const begun = this.restored(subject, saved);
      scheduler = begun.scheduler;
      compare(restored, begun.commands, 'its beginning');
    } else {
      scheduler = this.parts.createScheduler(subject.layout, this.options);
    }
    for (const { event, commands } of entries)
      compare(commands, this.applyTo(scheduler, event), `the event ${event.type}`);
    return scheduler;
  }

  /** @param carried what is under way already, of an execution before */
  private carryOut(commands: readonly Command[], carried?: ReadonlyMap<number, Pending>): void {
    for (const command of commands) {
      if (this.isFinished) throw new Violation('wrong command', 'Something was commanded after the finish');
      switch (command.type) {
        case 'run':
          for (const knot of command.knots) if (!carried?.has(knot)) this.dispatch([knot], false);
          break;
        case 'segment':
          this.dispatch(command.knots, true);
          break;
        case 'skip':
          for (const knot of command.knots) this.skip(knot, command.reason);
          break;
        case 'pass':
          for (const knot of command.knots) this.settleUnrun(knot, 'ok');
          break;
        case 'fail':
          for (const knot of command.knots) this.fail(knot);
          break;
        case 'finish':
          this.finish();
      }
    }
  }

  private dispatch(knots: readonly number[], isSegment: boolean): void {
    const [first] = knots as [number];
    for (const knot of knots) this.requireReady(knot, isSegment ? knots : []);
    const pending: Pending = { knots, isSegment, isAway: false, underWay: undefined };
    this.pending.set(first, pending);
    if (isSegment) this.host.sendSegment(pending, this.tasks.segmentTaskOf(knots).task);
    else if (this.unrecorded.isReceiver(first)) this.unrecorded.recordBefore(first);
    else this.send(pending);
    // What waits for a signal or a time is not in flight.
    const isInFlight = (knot: number): boolean => !this.subject.policyOf(knot).wait;
    if (
      this.pending.size > this.options.window! &&
      [...this.pending.keys()].filter(isInFlight).length > this.options.window!
    )
      throw this.violation(
        'wrong command',
        first,
        `was dispatched over the window of ${this.options.window}`,
      );
  }

  private send(pending: Pending): void {
    const [knot] = pending.knots as [number];
    if (this.subject.policyOf(knot).wait) this.host.wait(pending);
    else this.host.send(pending, this.tasks.taskOf(knot).task);
  }

  private requireReady(knot: number, members: readonly number[]): void {
    this.requireOpen(knot, 'was dispatched');
    this.isRunning.add(knot);
    const receives = this.subject.policyOf(knot).errorPolicy === 'receiveErrors';
    for (const parent of this.subject.parentsOf[knot]!) {
      const outcome = this.outcomes[parent];
      if (members.includes(parent) || (receives && outcome !== undefined && outcome !== 'ok')) continue;
      if (outcome !== 'ok')
        throw this.violation('wrong command', knot, 'was dispatched before its parent was Ok');
      if (this.scheduler.value(parent) === undefined)
        throw this.violation('wrong command', knot, 'was dispatched when the value of a parent was dropped');
    }
  }

  private requireOpen(knot: number, what: string): void {
    const when = this.isRunning.has(knot) ? 'while it was running' : 'when it was settled';
    if (this.isRunning.has(knot) || this.outcomes[knot] !== undefined)
      throw this.violation('wrong command', knot, `${what} ${when}`);
  }

  private skip(knot: number, reason: SkipReason): void {
    this.settleUnrun(knot, `skipped: ${reason}`);
    // The activity of a branch records its paths.
    if (reason === 'branch_not_selected' && !this.takenOver.has(branchOf(this.subject.layout, knot)!)) return;
    const isOfParents = reason === 'parent_failed_or_skipped';
    this.unrecorded.noteSkipped(knot, { reason, ...(isOfParents && this.scheduler.skipDetail(knot)) });
  }

  private fail(knot: number): void {
    this.settleUnrun(knot, 'err: RequireAllParents');
    const kinds = (parent: number): OutcomeKind | undefined => this.scheduler.outcomeKind(parent);
    this.unrecorded.noteFailed(knot, requiredParentsFailure(this.subject.layout, knot, kinds));
  }

  private settleUnrun(knot: number, outcome: ReferenceOutcome): void {
    this.requireOpen(knot, `came to ${outcome}`);
    this.outcomes[knot] = outcome;
  }

  private finish(): void {
    const open = this.outcomes.indexOf(undefined);
    if (open >= 0) throw this.violation('wrong command', open, 'was open when the run finished');
    this.isFinished = true;
    this.host.settle();
  }

  private tasksOf(handedBack: KnotTasks['stillHandedBack']): KnotTasks {
    const facts = {
      temporalRunId: this.host.id,
      isContinued: this.isContinued,
      memo: this.takenOver.size > 0 ? RESUMED : {},
    };
    const knots = {
      value: (knot: number) => this.scheduler.value(knot),
      isAlone: (knot: number) => this.scheduler.isAlone(knot),
      isSettled: (knot: number) => this.outcomes[knot] !== undefined,
      isFound: () => false,
    };
    return new KnotTasks(facts, this.present, knots, handedBack);
  }

  private violation(kind: ViolationKind, knot: number, what: string): Violation {
    const id = this.host.nameOf(this.subject.idOf(knot));
    return new Violation(kind, `Knot "${id}" ${what}`, id);
  }
}

const RESUMED: RunMemo = { resume: { runId: 'another', temporalRunId: 'another' } };

function compare(before: readonly Command[], now: readonly Command[], when: string): void {
  const told = (commands: readonly Command[]): string => JSON.stringify(commands);
  if (before.length === now.length && before.every((command, place) => isSame(command, now[place]!))) return;
  const what = `A replay gave other commands on ${when}: ${told(now)} instead of ${told(before)}`;
  throw new Violation('not deterministic', what);
}

function isSame(command: Command, other: Command): boolean {
  if (command.type === 'finish' || other.type === 'finish') return command.type === other.type;
  if (command.type !== other.type || command.knots.length !== other.knots.length) return false;
  return command.knots.every((knot, place) => knot === other.knots[place]);
}
