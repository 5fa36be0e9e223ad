import type { Uses } from '../../activities/worker-parts';
import { SelvageError } from '../../errors';
import type { Execution } from './execution';
import type { SimulatedWaits } from './waits';
import type { SimulatedWorkflow } from './workflow';
import type { Activity, ActivityEnd } from './activity';
import {
  CANCEL,
  DEADLINE,
  GIVE_UP,
  GRACE_OVER,
  POSSIBLE,
  STOP,
  THROW,
  type Adversary,
  type BlowSet,
} from './adversary';
import type { Action } from './action';
import { Attempt } from './attempt';
import type { Bodies } from './bodies';
import { Process } from './environment';
import { Ledger } from './ledger';
import { Lines } from './lines';
import type { Outputs } from './outputs';
import type { SimulatedParts } from './parts';
import { ROOT, SimulatedRun, addressOf, type RunEnd } from './run';
import type { BlowKind, Schedule, Step } from './schedule';
import { SimulatedHistory } from './history';
import { Violation } from './violation';
import type { Commit, CommitResult } from '../../ports';
import type { EncodedValue } from '../../runtime';
import type { Sha256 } from '../../values';

const NOW = Promise.resolve();
const WORKERS = 2;
/** A world that has gone through so many steps, for each knot and element of its runs, does not end. */
const STEPS_PER_UNIT = 1_000;

/** What a simulated run came to, and those that its knots had. */
export interface WorldEnd {
  readonly run: RunEnd;
  readonly bodies: number;
  readonly struck: readonly BlowKind[];
  /** Knots and elements of all runs. */
  readonly units: number;
}

/** What goes into a world, beside its schedule. */
export interface Setting {
  readonly parts: SimulatedParts;
  readonly bodies: Bodies;
  readonly parameters: readonly EncodedValue[];
  /** With real bodies. */
  readonly resources: Readonly<Record<string, unknown>>;
  readonly waits: SimulatedWaits;
  /** One for all worlds. */
  readonly digest: Sha256;
  /** What real bodies gave at first; undefined of bodies that are stood for. */
  readonly outputs: Outputs | undefined;
}

/**
 * A run of a tapestry, and the runs that its knots have, with real workers against a server and backends that are simulated: one thing at a
 * time, in the order in which it came up, unless the adversary strikes. All is decided by the schedule and the adversary, so the same ones
 * give the same.
 */
export class SimulatedWorld {
  readonly ledger: Ledger;
  readonly history: SimulatedHistory;
  /** As workers have them. */
  readonly backends: Uses<'backends'>['backends'];
  readonly lines = new Lines();
  readonly runs = new Map<string, SimulatedRun>();
  /** Runs and child runs. */
  readonly workflows = new Map<string, SimulatedWorkflow>();
  /** Executions whose turn is not over. */
  readonly inTurn: Execution[] = [];
  /** The simulated time, in milliseconds. */
  now = 1_000_000;
  steps = 0;
  private readonly root: SimulatedRun;
  private readonly processes = Array.from({ length: WORKERS }, () => new Process());
  private readonly living = new Set<Attempt>();
  private readonly queue: Action[] = [];
  private next = 0;
  private readonly calls: (() => Promise<void>)[] = [];
  /** By step, then by knot: how often it was about to happen. */
  private readonly times = new Map<Step, Map<string, number>>();
  private attempts = 0;
  private bodies = 0;
  private readonly struck: BlowKind[] = [];

  constructor(
    readonly setting: Setting,
    readonly script: Schedule,
    private readonly adversary: Adversary,
  ) {
    const { parts, bodies, parameters, digest } = setting;
    this.ledger = new Ledger(parts.createStore(), addressOf, digest);
    this.history = new SimulatedHistory(this);
    this.backends = {
      dataStore: this.ledger.store.data,
      runHistory: this.history,
      commit: (commits: readonly Commit[]): Promise<CommitResult[]> =>
        Promise.resolve(commits.map(({ record }) => this.ledger.insert(record, undefined, this.steps))),
    };
    this.root = new SimulatedRun(this, ROOT, bodies, parameters, script);
  }

  /** Rejects with a {@link Violation}. */
  async play(isReplayed: boolean): Promise<WorldEnd> {
    await new Promise<void>((resolve, reject) => this.goOn(resolve, reject));
    for (const run of this.runs.values()) run.checkOutcomes();
    for (const workflow of this.workflows.values()) await workflow.checkAtEnd(isReplayed);
    const { bodies, struck, units } = this;
    return { run: this.root.end(), bodies, struck, units };
  }

  /** One thing after the other; between them, when no promise can go on any more by itself, whatever workers do of themselves is done. */
  private goOn(done: () => void, failed: (error: unknown) => void): void {
    const step = (): void => {
      try {
        if (this.ledger.failure) throw this.ledger.failure;
        if (!this.endTurns()) return next();
        const call = this.calls.shift();
        if (call) return void call().then(next, failed);
        // Where nothing has been set going, there is nothing to wait for.
        do {
          if (this.next === this.queue.length) return this.endGrace() ? next() : done();
        } while (!this.consider(this.queue[this.next++]!));
        next();
      } catch (error) {
        failed(error);
      }
    };
    // A tick that another one asks for comes before the promises of that; one that a promise asks for comes after all of them.
    const tick = (): void => process.nextTick(step);
    const next = (): void => void NOW.then(tick);
    next();
  }

  /** Answers whether no turn goes on. */
  private endTurns(): boolean {
    for (let execution; (execution = this.inTurn[0]); this.inTurn.shift())
      if (!execution.endTurn()) return false;
    return true;
  }

  /** Where nothing else is left to be done, time passes. Answers whether that was waited for. */
  private endGrace(): boolean {
    for (const { outside } of this.runs.values()) {
      if (!outside.isInGrace) continue;
      outside.endGrace();
      return true;
    }
    return false;
  }

  push(action: Action): void {
    this.queue.push(action);
  }

  /** Does it as the next thing. */
  soon(work: () => void): void {
    this.calls.push(() => {
      work();
      return NOW;
    });
  }

  /** Goes on as the next thing when it is done. What either throws fails the simulation. */
  later<T>(work: Promise<T>, goOn: (result: T) => void): void {
    work.then(
      (result) => this.soon(() => goOn(result)),
      (error: Error) => this.fail(error),
    );
  }

  fail(error: Error): void {
    this.ledger.failure ??= error;
  }

  /** Calls a real body when those that were called before have ended. Never rejects. */
  async call<T>(body: () => Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
    return await new Promise((resolve) => {
      this.calls.push(() =>
        body().then(
          (value) => resolve({ value }),
          (error: unknown) => resolve({ error }),
        ),
      );
    });
  }

  /** A run waits for all that works for it. */
  requireNoneLeft(run: SimulatedRun): void {
    for (const { activity } of this.living) {
      if (activity.run !== run || activity.isDone) continue;
      const name = run.nameOf(activity.knot);
      return this.fail(new Violation('left behind', `The run has ended, and "${name}" goes on`, name));
    }
  }

  /** Counts a call of a body. Returns how many there have been, this one included. */
  countCall(): number {
    this.bodies += 1;
    return this.bodies;
  }

  isFailing(run: SimulatedRun, knot: string): boolean {
    const { failing } = this.script;
    return failing.length > 0 && failing.includes(run.nameOf(knot));
  }

  schedule(activity: Activity): void {
    const { run, knot, isGroup } = activity;
    const perform = (): void => this.begin(activity);
    const half = (): void => {
      activity.attempts += 1;
      activity.losses += 1;
    };
    this.push({ step: isGroup ? 'beginSegment' : 'begin', run, knot, activity, perform, half });
  }

  /** The attempt hears of it some time later; an activity between two attempts ends instead of the next. */
  cancel(activity: Activity): void {
    activity.isCancelRequested = true;
    const { run, knot, current: attempt } = activity;
    if (!attempt || activity.isDone) return;
    this.push({ step: 'hear', run, knot, attempt, perform: () => attempt.stop('CANCELLED') });
  }

  /** The attempt has ended, and the activity has not. */
  tryAgain(attempt: Attempt): void {
    this.living.delete(attempt);
    const { activity, beaten } = attempt;
    if (activity.current !== attempt) return;
    activity.details = beaten;
    activity.current = undefined;
    this.schedule(activity);
  }

  /** The server takes the answer of the attempt that it waits for, and of no other. */
  take(attempt: Attempt, end: ActivityEnd): void {
    this.living.delete(attempt);
    const { activity } = attempt;
    if (activity.current !== attempt || activity.isDone) return;
    activity.isDone = true;
    const { run, knot, isGroup } = activity;
    const step = isGroup ? 'deliverSegment' : 'deliver';
    this.push({ step, run, knot, attempt, perform: () => activity.ended(end) });
  }

  /** Knots and elements of all runs so far. */
  private get units(): number {
    let units = this.ledger.size;
    for (const run of this.runs.values())
      for (const outcome of run.outcomes) units += Number(outcome === undefined);
    return units;
  }

  /** Answers whether it has set promises going. */
  private consider(action: Action): boolean {
    const isDelivery = action.step === 'deliver' || action.step === 'deliverSegment';
    if (action.isOver || (action.attempt?.isDead && !isDelivery) || action.activity?.isDone) return false;
    this.steps += 1;
    if (this.steps % STEPS_PER_UNIT === 0 && this.steps > STEPS_PER_UNIT * this.units)
      throw new Violation('never ends', `The run goes on after ${this.steps} steps`);
    const { step, run } = action;
    const place = run.nameOf(action.knot);
    let times = this.times.get(step);
    if (!times) this.times.set(step, (times = new Map<string, number>()));
    const time = (times.get(place) ?? 0) + 1;
    times.set(place, time);
    const blow = this.adversary.blow(step, place, time, this.possible(action));
    if (blow !== undefined) {
      this.struck.push(blow);
      if (this.strike(blow, action, isDelivery)) return true;
    }
    action.perform();
    // The server notes an answer, and nobody hears of it yet.
    return blow !== undefined || (step !== 'answer' && step !== 'answerSegment');
  }

  private possible({ step, attempt, mayThrow, run }: Action): BlowSet {
    let set = POSSIBLE[step];
    if (attempt) {
      // The server can give up only the attempt that it waits for.
      if (attempt.activity.current !== attempt) set &= ~GIVE_UP;
      if (!attempt.activity.isGroup) set &= ~STOP;
    }
    if (!mayThrow) set &= ~THROW;
    if (!this.root.isFinished && !this.root.isCancelled)
      set |= this.root.outside.hasDeadline ? CANCEL | DEADLINE : CANCEL;
    return run.outside.isInGrace ? set | GRACE_OVER : set;
  }

  /** Answers whether the action is done with; else it goes on as it was. */
  private strike(blow: BlowKind, action: Action, isDelivery: boolean): boolean {
    const { run, attempt } = action;
    switch (blow) {
      case 'delay':
        this.push(action);
        return true;
      case 'kill':
        if (attempt) this.kill(attempt.process);
        // An answer that was sent is on its way.
        if (isDelivery || attempt) return !isDelivery;
        action.half?.();
        this.push(action);
        return true;
      case 'evict':
        this.calls.push(async () => {
          for (const workflow of this.workflows.values()) await workflow.evict();
          action.perform();
        });
        return true;
      case 'suggest':
      case 'continue':
        for (const workflow of this.workflows.values())
          if (workflow.run === run) workflow.history = blow === 'suggest' ? 'long' : 'full';
        return false;
      case 'terminate':
        action.terminate!();
        return true;
      case 'deadline':
        this.root.outside.endTime();
        return false;
      case 'cancel':
        this.root.cancel();
        return false;
      case 'graceOver':
        run.outside.endGrace();
        return false;
      case 'giveUp':
        this.lose(attempt!);
        return false;
      case 'refuse':
        action.fail!(OUT_OF_REACH);
        return true;
      case 'throw':
        action.fail!(THROWN);
        return true;
      case 'stop':
        attempt!.stop('WORKER_SHUTDOWN');
        return true;
    }
  }

  private begin(activity: Activity): void {
    if (activity.isCancelRequested) {
      activity.isDone = true;
      activity.ended({ kind: 'cancelled' });
      return;
    }
    activity.attempts += 1;
    this.attempts += 1;
    const process = this.processes[this.attempts % WORKERS]!;
    const attempt = new Attempt(activity, activity.attempts, process, this.steps);
    activity.current = attempt;
    this.living.add(attempt);
    attempt.begin();
  }

  private kill(process: Process): void {
    this.processes[this.processes.indexOf(process)] = new Process();
    for (const attempt of [...this.living]) {
      if (attempt.process !== process) continue;
      this.living.delete(attempt);
      attempt.die();
      this.lose(attempt);
    }
  }

  /** The server hears no more of the attempt that it waits for, and has the activity tried again. */
  private lose(attempt: Attempt): void {
    const { activity } = attempt;
    if (activity.current !== attempt || activity.isDone) return;
    activity.current = undefined;
    activity.losses += 1;
    this.schedule(activity);
  }
}

/** What a schedule throws in a body, which has attempts left. */
class ThrownBySimulator extends Error {
  override readonly name = 'ThrownBySimulator';
}

// Made once: to write their stacks out is dear, and of no use.
const THROWN = new ThrownBySimulator('Thrown by the simulator');
/** Trouble that no attempt waits out. */
const OUT_OF_REACH = new SelvageError('KeyMissing', 'A simulated backend cannot do its work.');
