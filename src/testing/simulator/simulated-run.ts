import { isDelivery, knotOf, possibleBlows, type Action } from './action';
import { Activity, type Task } from './activity';
import { blowSet, type Adversary, type BlowSet } from './adversary';
import type { Attempt, BodyCall, BodyEnd, Surroundings } from './attempt';
import { KnotAttempt } from './knot-attempt';
import { Ledger } from './ledger';
import type { SimulatedParts } from './parts';
import type { ReferenceOutcome } from './reference-interpreter';
import { STEPS, type BlowKind, type Schedule } from './schedule';
import { SegmentAttempt } from './segment-attempt';
import type { FailedRecord, KnotRecord, Value } from './store';
import type { Subject } from './subject';
import { Violation } from './violation';
import { SimulatedWorkflow } from './workflow';

const WORKERS = 2;
/** A run that has gone through so many steps, for each of its knots, does not end. */
const STEPS_PER_KNOT = 1_000;

/** What one simulated run came to. */
export interface RunEnd {
  /** By knot: as the workflow has it. */
  readonly outcomes: readonly ReferenceOutcome[];
  /** By knot: as recorded. */
  readonly records: readonly KnotRecord[];
  readonly wasCancelled: boolean;
  readonly bodies: number;
  /** Blows that struck. */
  readonly struck: readonly BlowKind[];
}

const CANCEL = blowSet('cancel');
const GRACE_OVER = blowSet('graceOver');

/**
 * A run of the real scheduler against a Temporal server, workers and backends that are simulated: one thing at a time, in the
 * order in which it came up, unless the adversary strikes. All is decided by the schedule and the adversary, so the same ones
 * give the same run.
 *
 * The host of this drives it: `advance` goes on until a body is to be called or the run is over, and `returned` tells how the
 * body ended.
 */
export class SimulatedRun implements Surroundings {
  private readonly workflow: SimulatedWorkflow;
  private readonly ledger: Ledger;
  private readonly queue: Action[] = [];
  private next = 0;
  private readonly calls: { attempt: Attempt; call: BodyCall }[] = [];
  private called: (typeof this.calls)[number] | undefined;
  private readonly living = new Set<Attempt>();
  /** By step and knot: how often it was about to happen. */
  private readonly times: Uint16Array;
  private attempts = 0;
  private steps = 0;
  private bodies = 0;
  private isSettled = false;
  private readonly struck: BlowKind[] = [];

  /**
   * @param parameters values of the tapestry's parameters
   * @param retryDelay milliseconds before the next attempt of a body that has thrown so often; undefined: there is none
   */
  constructor(
    private readonly subject: Subject,
    schedule: Schedule,
    private readonly adversary: Adversary,
    private readonly parts: SimulatedParts,
    private readonly parameters: readonly Value[],
    readonly retryDelay: Surroundings['retryDelay'],
  ) {
    this.ledger = new Ledger(subject, parts.createStore());
    this.times = new Uint16Array(STEPS.length * subject.size);
    this.workflow = new SimulatedWorkflow(subject, schedule, parts, {
      schedule: (task) => this.scheduleActivity(task),
      cancel: (activity) => this.cancelActivity(activity),
      recordUnrun: (knot, record) => void this.ledger.insert(knot, record, undefined, this.steps),
      settle: () => this.queue.push({ step: 'settle' }),
    });
    parameters.forEach((value, knot) => {
      this.ledger.put(value);
      this.ledger.insert(knot, { outcome: 'ok', value }, undefined, 0);
    });
    for (const knot of schedule.takenOver) {
      const value = `of another run: ${knot}`;
      this.ledger.put(value);
      this.ledger.insert(knot, { outcome: 'ok', value }, undefined, 0);
    }
    this.queue.push({ step: 'start' });
  }

  /** Goes on until a body is to be called; undefined: the run is over. Throws a {@link Violation}. */
  advance(): BodyCall | undefined {
    for (;;) {
      this.called = this.calls.shift();
      if (this.called) return this.called.call;
      const action = this.queue[this.next];
      if (!action) return undefined;
      this.next += 1;
      this.consider(action);
    }
  }

  /** How the body ended whose call `advance` answered. */
  returned(end: BodyEnd): void {
    const { attempt, call } = this.called!;
    this.queue.push({ step: 'return', attempt, knot: call.knot, end });
  }

  /** To be asked when the run is over. Throws a {@link Violation} where the run contradicts itself. */
  end(): RunEnd {
    const { subject, ledger, workflow } = this;
    if (!this.isSettled) {
      const open = workflow.outcomes.indexOf(undefined);
      const id = subject.idOf(Math.max(0, open));
      throw new Violation('never ends', `Nothing is left to be done, and knot "${id}" is not settled`, id);
    }
    workflow.checkAtEnd();
    const records = workflow.outcomes.map((outcome, knot) =>
      ledger.checkAtEnd(knot, outcome!, workflow.isCancelled),
    );
    for (const knot of subject.layout.terminals) {
      const slot = workflow.value(knot);
      if (slot !== null && slot !== undefined) ledger.requireRecorded(knot, slot);
    }
    return {
      outcomes: workflow.outcomes as ReferenceOutcome[],
      records,
      wasCancelled: workflow.isCancelled,
      bodies: this.bodies,
      struck: this.struck,
    };
  }

  // What attempts ask for.

  lookUp(knot: number): KnotRecord | undefined {
    return this.ledger.lookUp(knot);
  }

  callBody(attempt: Attempt, knot: number, number: number): void {
    this.ledger.requireMayRun(attempt, knot);
    const receives = this.subject.receives(knot);
    const inputs = this.subject.parentsOf[knot]!.map((parent) => this.inputFor(attempt, parent, receives));
    this.bodies += 1;
    this.calls.push({ attempt, call: { knot, number, inputs } });
  }

  commit(attempt: Attempt, knot: number, record: KnotRecord): void {
    this.queue.push({ step: record.outcome === 'ok' ? 'put' : 'record', attempt, knot, record });
  }

  answer(attempt: Attempt): void {
    this.queue.push({ step: attempt instanceof SegmentAttempt ? 'answerSegment' : 'answer', attempt });
  }

  refuse(attempt: Attempt): void {
    this.bury(attempt);
    const { activity } = attempt;
    if (activity.current !== attempt) return;
    activity.current = undefined;
    this.handOut(activity);
  }

  // Steps.

  private consider(action: Action): void {
    if ('attempt' in action && action.attempt.isDead && !isDelivery(action)) return;
    if ('activity' in action && action.activity.isDone) return;
    this.steps += 1;
    if (this.steps > STEPS_PER_KNOT * this.subject.size) {
      throw new Violation('never ends', `The run goes on after ${this.steps} steps`);
    }
    const { step } = action;
    const knot = knotOf(action);
    const time = (this.times[STEPS.indexOf(step) * this.subject.size + knot]! += 1);
    const blow = this.adversary.blow(step, knot, time, this.possible(action));
    if (blow !== undefined) {
      this.struck.push(blow);
      if (this.strike(blow, action)) return;
    }
    this.perform(action);
  }

  private possible(action: Action): BlowSet {
    const { workflow } = this;
    const set = possibleBlows(action, this.subject);
    if (workflow.isFinished) return set;
    if (!workflow.isCancelled) return set | CANCEL;
    return workflow.hasPending ? set | GRACE_OVER : set;
  }

  /** Answers whether the action is done with; else it goes on as it was. */
  private strike(blow: BlowKind, action: Action): boolean {
    const { workflow } = this;
    switch (blow) {
      case 'delay':
        this.queue.push(action);
        return true;
      case 'kill':
        return this.kill(action);
      case 'evict':
        workflow.replay();
        return false;
      case 'continue':
        workflow.requestContinuation();
        return false;
      case 'cancel':
        workflow.cancel();
        return false;
      case 'graceOver':
        workflow.endGrace();
        return false;
      case 'giveUp':
        if ('attempt' in action) this.lose(action.attempt);
        return false;
      case 'refuse':
        if ('attempt' in action) action.attempt.refused(knotOf(action));
        return true;
      case 'throw':
        if ('attempt' in action) action.attempt.threw(knotOf(action), new Error('Thrown by the simulator'));
        return true;
      case 'stop':
        if ('attempt' in action) (action.attempt as SegmentAttempt).stopped(knotOf(action));
        return true;
    }
  }

  private kill(action: Action): boolean {
    if (action.step === 'settle') {
      this.settleUnrun(Math.ceil(this.subject.size / 2));
      this.queue.push(action);
      return true;
    }
    if ('activity' in action) {
      action.activity.attempts += 1;
      action.activity.lost += 1;
      this.queue.push(action);
      return true;
    }
    if (!('attempt' in action)) return false;
    for (const attempt of [...this.living]) {
      if (attempt.worker !== action.attempt.worker) continue;
      this.bury(attempt);
      this.lose(attempt);
    }
    // An answer that was sent is on its way.
    return !isDelivery(action);
  }

  private perform(action: Action): void {
    switch (action.step) {
      case 'start':
        return this.workflow.start(this.parameters);
      case 'settle':
        this.settleUnrun(this.subject.size);
        this.isSettled = true;
        return;
      case 'begin':
      case 'beginSegment':
        return this.begin(action.activity);
      case 'return':
        if (action.end.kind === 'threw') action.attempt.threw(action.knot, action.end.error);
        else this.commit(action.attempt, action.knot, action.end.record);
        return;
      case 'put':
        if (action.record.outcome === 'ok') this.ledger.put(action.record.value);
        this.queue.push({ ...action, step: 'record' });
        return;
      case 'record': {
        const { attempt, knot, record } = action;
        const standing = this.ledger.insert(knot, record, attempt, this.steps);
        this.recordPaths(knot, standing);
        return attempt.recorded(knot, standing);
      }
      case 'hear':
        return this.tellOfCancel(action.attempt);
      case 'answer':
      case 'answerSegment':
        return this.takeAnswer(action.attempt);
      case 'deliver':
      case 'deliverSegment':
        this.workflow.hear(action.attempt.activity, action.attempt.answerToGive);
        return;
    }
  }

  private begin(activity: Activity): void {
    if (activity.isCancelRequested) {
      activity.isDone = true;
      this.workflow.hear(activity, { kind: 'cancelled' });
      return;
    }
    activity.attempts += 1;
    this.attempts += 1;
    const worker = this.attempts % WORKERS;
    const attempt = activity.task.isSegment
      ? new SegmentAttempt(activity, activity.attempts, activity.lost, worker, this, this.subject, this.parts)
      : new KnotAttempt(activity, activity.attempts, activity.lost, worker, this);
    attempt.begunAt = this.steps;
    activity.current = attempt;
    this.living.add(attempt);
    attempt.begin();
  }

  /** The server takes the answer of the attempt that it waits for, and of no other. */
  private takeAnswer(attempt: Attempt): void {
    this.bury(attempt);
    const { activity } = attempt;
    if (activity.current !== attempt || activity.isDone) return;
    activity.isDone = true;
    this.queue.push({ step: attempt instanceof SegmentAttempt ? 'deliverSegment' : 'deliver', attempt });
  }

  private tellOfCancel(attempt: Attempt): void {
    const inBody: number[] = [];
    for (let place = this.next; place < this.queue.length; place++) {
      const action = this.queue[place]!;
      if (action.step !== 'return' || action.attempt !== attempt) continue;
      inBody.push(action.knot);
      this.queue.splice(place, 1);
      place -= 1;
    }
    attempt.cancelled(inBody);
  }

  /** Those of a branch are recorded with it. */
  private recordPaths(branch: number, record: KnotRecord): void {
    if (record.outcome !== 'ok' || record.choice === undefined) return;
    for (const path of this.subject.pathsOf(branch)) {
      const input = this.ledger.valueOf(this.subject.parentsOf[path]![1]!, undefined);
      const outcome: KnotRecord =
        this.subject.tagOf(path) === record.choice
          ? { outcome: 'ok', value: input }
          : { outcome: 'skipped', reason: 'branch_not_selected' };
      this.ledger.insert(path, outcome, undefined, this.steps);
    }
  }

  /** Writes the records of the knots that no activity records, of the first `count` knots. */
  private settleUnrun(count: number): void {
    for (let knot = 0; knot < count; knot++) {
      const record = this.workflow.unrunRecord(knot);
      if (record) this.ledger.insert(knot, record, undefined, this.steps);
    }
  }

  // The server's side.

  private scheduleActivity(task: Task): Activity {
    const activity = new Activity(task);
    this.handOut(activity);
    return activity;
  }

  private handOut(activity: Activity): void {
    this.queue.push({ step: activity.task.isSegment ? 'beginSegment' : 'begin', activity });
  }

  /** The attempt hears of it some time later; an activity between two attempts ends instead of the next. */
  private cancelActivity(activity: Activity): void {
    activity.isCancelRequested = true;
    if (activity.current && !activity.isDone) {
      this.queue.push({ step: 'hear', attempt: activity.current });
    }
  }

  /** The server hears no more of the attempt that it waits for, and has the activity tried again. */
  private lose(attempt: Attempt): void {
    const { activity } = attempt;
    if (activity.current !== attempt || activity.isDone) return;
    activity.lost += 1;
    activity.current = undefined;
    this.handOut(activity);
  }

  private bury(attempt: Attempt): void {
    attempt.isDead = true;
    this.living.delete(attempt);
  }

  /** What a parent came to, as an attempt gets it. */
  private inputFor(attempt: Attempt, parent: number, receives: boolean): Value | FailedRecord {
    const isInSegment = attempt instanceof SegmentAttempt;
    const told = isInSegment ? attempt.slotOf(parent) : attempt.activity.task.parents.get(parent);
    const failed = receives && (isInSegment ? attempt.failedParent(parent) : this.failedParent(parent, told));
    return failed || this.ledger.valueOf(parent, told);
  }

  private failedParent(parent: number, told: Value | null | undefined): FailedRecord | undefined {
    return told === null || told === undefined ? this.ledger.failedParent(parent) : undefined;
  }
}
