import { isDelivery, knotOf, possibleBlows, runOf, type Action } from './action';
import { Activity, type ActivityOwner, type Pending, type Task } from './activity';
import { blowSet, type Adversary, type BlowSet } from './adversary';
import { type GroupAttempt, type Attempt, type BodyCall, type BodyEnd } from './attempt';
import { BatchAttempt } from './batch-attempt';
import type { Nested, RunBodies } from './bodies';
import { Expansion, type NestedExpansion } from './expansion';
import { KnotAttempt } from './knot-attempt';
import { Lines } from './limits';
import type { SimulatedParts } from './parts';
import { STEPS, type BlowKind, type Place, type Schedule } from './schedule';
import { SegmentAttempt } from './segment-attempt';
import { SimulatedRun, type RunEnd } from './simulated-run';
import type { Subject } from './subject';
import type { Value } from './store';
import { Violation } from './violation';

const WORKERS = 2;
/** A world that has gone through so many steps, for each knot and element of its runs, does not end. */
const STEPS_PER_UNIT = 1_000;

/** What a simulated run came to, and those that its knots had. */
export interface WorldEnd {
  readonly run: RunEnd;
  readonly bodies: number;
  /** Blows that struck. */
  readonly struck: readonly BlowKind[];
  /** Knots and elements of all runs. */
  readonly units: number;
}

type Called =
  | { readonly attempt: Attempt; readonly call: BodyCall }
  | { readonly expansion: NestedExpansion; readonly number: number; readonly given: unknown };

const CANCEL = blowSet('cancel');
const GRACE_OVER = blowSet('graceOver');

/**
 * A run of a tapestry, and the runs that its knots have, against a Temporal server, workers and backends that are simulated: one thing at a
 * time, in the order in which it came up, unless the adversary strikes. All is decided by the schedule and the adversary, so the same ones
 * give the same.
 *
 * The host of this drives it: `advance` goes on until a body is to be called or all is over, and `callNow` calls it.
 */
export class World {
  readonly lines = new Lines();
  /** By cache key: values that others may take. */
  readonly made = new Map<string, Value>();
  steps = 0;
  private readonly root: SimulatedRun;
  private readonly rootSize: number;
  private readonly runs: SimulatedRun[] = [];
  private readonly queue: Action[] = [];
  private next = 0;
  private readonly calls: Called[] = [];
  private called: Called | undefined;
  private readonly living = new Set<Attempt>();
  /** By step and knot: how often it was about to happen. */
  private readonly times: Uint16Array;
  /** Of what is not a knot of the tapestry itself. */
  private readonly otherTimes = new Map<string, number>();
  private attempts = 0;
  private bodies = 0;
  private units = 0;
  private readonly struck: BlowKind[] = [];

  constructor(
    subject: Subject,
    readonly script: Schedule,
    private readonly adversary: Adversary,
    readonly parts: SimulatedParts,
    bodies: RunBodies,
  ) {
    this.rootSize = subject.size;
    this.times = new Uint16Array(STEPS.length * subject.size);
    this.root = new SimulatedRun(this, subject, '', bodies, script);
    this.root.takeOver(script.takenOver);
  }

  /** Goes on until a body is to be called; false: all is over. Throws a {@link Violation}. */
  advance(): boolean {
    for (;;) {
      this.called = this.calls.shift();
      if (this.called) return true;
      const action = this.queue[this.next];
      if (!action) return false;
      this.next += 1;
      this.consider(action);
    }
  }

  /** Calls the body that `advance` has stopped at. Undefined: it has ended already. */
  callNow(): Promise<void> | undefined {
    const called = this.called!;
    if ('attempt' in called) {
      const { attempt, call } = called;
      const end = attempt.activity.run.bodies.call(call);
      if (end instanceof Promise) return end.then((ended) => this.returned(attempt, call.knot, ended));
      this.returned(attempt, call.knot, end);
      return undefined;
    }
    const { expansion, number, given } = called;
    const nested = expansion.run.bodies.nest({ ...expansion.run.placed(expansion.task), number, given });
    if (nested instanceof Promise) return nested.then((begun: Nested) => expansion.begin(begun));
    expansion.begin(nested);
    return undefined;
  }

  /** To be asked when all is over. Throws a {@link Violation} where a run contradicts itself. */
  end(): WorldEnd {
    for (const run of this.runs) run.checkAtEnd();
    const { bodies, struck, units } = this;
    return { run: this.root.end(), bodies, struck, units };
  }

  // What runs, attempts and expansions ask for.

  /** A run has begun, or has come to have so many more knots or elements. */
  grow(units: number, run?: SimulatedRun): void {
    this.units += units;
    if (run) this.runs.push(run);
  }

  push(action: Action): void {
    this.queue.push(action);
  }

  callBody(attempt: Attempt, call: BodyCall): void {
    this.bodies += 1;
    this.calls.push({ attempt, call });
  }

  nest(expansion: NestedExpansion, number: number, given: unknown): void {
    this.calls.push({ expansion, number, given });
  }

  schedule(run: SimulatedRun, task: Task, owner: ActivityOwner): Activity {
    const waits = task.kind === 'knot' && run.waits(task.knots[0]!);
    const activity = new Activity(run, task, owner, waits);
    if (waits) this.queue.push({ step: 'wake', activity });
    else this.handOut(activity);
    return activity;
  }

  cancel(pending: Pending): void {
    if (pending instanceof Activity) this.cancelActivity(pending);
    else if (pending instanceof Expansion) this.queue.push({ step: 'hear', expansion: pending });
  }

  /** The attempt hears of it some time later; an activity between two attempts ends instead of the next. */
  cancelActivity(activity: Activity): void {
    activity.isCancelRequested = true;
    if (activity.current && !activity.isDone) {
      this.queue.push({ step: 'hear', attempt: activity.current });
    }
  }

  refuse(attempt: Attempt): void {
    this.bury(attempt);
    const { activity } = attempt;
    if (activity.current !== attempt) return;
    activity.current = undefined;
    this.handOut(activity);
  }

  /** As a schedule names it. */
  placeOf(run: SimulatedRun, unit: number): Place {
    return run === this.root && unit < this.rootSize ? unit : run.nameOf(unit);
  }

  // Steps.

  private consider(action: Action): void {
    if ('attempt' in action && action.attempt.isDead && !isDelivery(action)) return;
    if ('activity' in action && action.activity.isDone) return;
    this.steps += 1;
    if (this.steps > STEPS_PER_UNIT * this.units) {
      throw new Violation('never ends', `The run goes on after ${this.steps} steps`);
    }
    const { step } = action;
    const run = runOf(action);
    const place = this.placeOf(run, knotOf(action));
    const blow = this.adversary.blow(step, place, this.timeOf(action, place), this.possible(action, run));
    if (blow !== undefined) {
      this.struck.push(blow);
      if (this.strike(blow, action, run)) return;
    }
    this.perform(action);
  }

  private timeOf({ step }: Action, place: Place): number {
    if (typeof place === 'number') return (this.times[STEPS.indexOf(step) * this.rootSize + place]! += 1);
    const key = `${step} ${place}`;
    const time = (this.otherTimes.get(key) ?? 0) + 1;
    this.otherTimes.set(key, time);
    return time;
  }

  private possible(action: Action, { workflow }: SimulatedRun): BlowSet {
    const { workflow: first } = this.root;
    const set = possibleBlows(action) | (first.isFinished || first.isCancelled ? 0 : CANCEL);
    return workflow.isCancelled && !workflow.isFinished && workflow.hasPending ? set | GRACE_OVER : set;
  }

  /** Answers whether the action is done with; else it goes on as it was. */
  private strike(blow: BlowKind, action: Action, { workflow }: SimulatedRun): boolean {
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
        this.root.workflow.cancel();
        return false;
      case 'graceOver':
        workflow.endGrace();
        return false;
      case 'giveUp':
        if ('attempt' in action) this.lose(action.attempt);
        return false;
      case 'refuse':
        this.stopInAttempt(action, (attempt, knot) => attempt.refused(knot));
        return true;
      case 'throw':
        this.stopInAttempt(action, (attempt, knot) =>
          attempt.threw(knot, new Error('Thrown by the simulator')),
        );
        return true;
      case 'stop':
        this.stopInAttempt(action, (attempt, knot) => (attempt as GroupAttempt).stopped(knot));
        return true;
    }
  }

  private stopInAttempt(action: Action, stop: (attempt: Attempt, knot: number) => void): void {
    if (!('attempt' in action)) return;
    this.lines.leave(action.attempt, knotOf(action));
    stop(action.attempt, knotOf(action));
  }

  private kill(action: Action): boolean {
    if (action.step === 'settle') {
      action.run.settleUnrun(Math.ceil(action.run.subject.size / 2));
      this.queue.push(action);
      return true;
    }
    if ('activity' in action) {
      action.activity.attempts += 1;
      action.activity.lost += 1;
      this.queue.push(action);
      return true;
    }
    if (action.step === 'expand') {
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
        return action.run.start();
      case 'settle':
        return action.run.settle();
      case 'wake':
        action.activity.isWaiting = false;
        return this.handOut(action.activity);
      case 'begin':
      case 'beginSegment':
        return this.begin(action.activity);
      case 'expand':
        return action.expansion.expand();
      case 'tell':
        return action.expansion.run.workflow.hear(action.expansion, action.answer);
      case 'return':
        return this.heed(action.attempt, action.knot, action.end);
      case 'put':
        action.attempt.activity.run.put(action.record);
        this.queue.push({ ...action, step: 'record' });
        return;
      case 'record': {
        const { attempt, knot, record } = action;
        const standing = attempt.activity.run.record(attempt, knot, record);
        this.lines.leave(attempt, knot);
        return attempt.recorded(knot, standing);
      }
      case 'hear':
        if ('expansion' in action) return action.expansion.cancel();
        return this.tellOfCancel(action.attempt);
      case 'answer':
      case 'answerSegment':
        return this.takeAnswer(action.attempt);
      case 'deliver':
      case 'deliverSegment': {
        const { activity, answerToGive } = action.attempt;
        return activity.owner.hear(activity, answerToGive);
      }
    }
  }

  private returned(attempt: Attempt, knot: number, end: BodyEnd): void {
    this.queue.push({ step: 'return', attempt, knot, end });
  }

  private heed(attempt: Attempt, knot: number, end: BodyEnd): void {
    if (end.kind === 'recorded') {
      attempt.activity.run.commit(attempt, knot, end.record);
    } else if (end.kind === 'threw') {
      this.lines.leave(attempt, knot);
      attempt.threw(knot, end.error);
    } else {
      (attempt as KnotAttempt).goesOn(end);
    }
  }

  private begin(activity: Activity): void {
    if (activity.isCancelRequested) {
      activity.isDone = true;
      activity.owner.hear(activity, { kind: 'cancelled' });
      return;
    }
    activity.attempts += 1;
    this.attempts += 1;
    const attempt = this.attemptAt(activity, this.attempts % WORKERS);
    attempt.begunAt = this.steps;
    activity.current = attempt;
    this.living.add(attempt);
    attempt.begin();
  }

  private attemptAt(activity: Activity, worker: number): Attempt {
    const { run, attempts, lost, task } = activity;
    if (task.kind === 'knot') return new KnotAttempt(activity, attempts, lost, worker, run);
    if (task.kind === 'batch') return new BatchAttempt(activity, attempts, lost, worker, run);
    return new SegmentAttempt(activity, attempts, lost, worker, run, run.subject, this.parts);
  }

  /** The server takes the answer of the attempt that it waits for, and of no other. */
  private takeAnswer(attempt: Attempt): void {
    this.bury(attempt);
    const { activity } = attempt;
    if (activity.current !== attempt || activity.isDone) return;
    activity.isDone = true;
    this.queue.push({ step: activity.isGroup ? 'deliverSegment' : 'deliver', attempt });
  }

  private tellOfCancel(attempt: Attempt): void {
    const inBody = this.lines.leave(attempt);
    for (let place = this.next; place < this.queue.length; place++) {
      const action = this.queue[place]!;
      if (action.step !== 'return' || action.attempt !== attempt) continue;
      inBody.push(action.knot);
      this.queue.splice(place, 1);
      place -= 1;
    }
    attempt.cancelled(inBody);
  }

  private handOut(activity: Activity): void {
    this.queue.push({ step: activity.isGroup ? 'beginSegment' : 'begin', activity });
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
    this.lines.leave(attempt);
  }
}
