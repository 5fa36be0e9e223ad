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
  LOSE,
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
/** A run that has lost records too often ends with an error. */
const MOST_LOSSES = 3;
/** The limit of steps per knot and element: a run with more steps does not end. */
const STEPS_PER_UNIT = 1_000;

export interface WorldEnd {
  readonly run: RunEnd;
  readonly bodies: number;
  readonly struck: readonly BlowKind[];
  /** The number of knots and elements of all runs. */
  readonly units: number;
}

export interface Setting {
  readonly parts: SimulatedParts;
  readonly bodies: Bodies;
  readonly parameters: readonly EncodedValue[];
  readonly resources: Readonly<Record<string, unknown>>;
  readonly waits: SimulatedWaits;
  /** Whether simulated gates and branches that run again decide as before, as they should if records can be lost. */
  readonly areDecisionsRepeatable: boolean;
  /** The digest that all worlds share. */
  readonly digest: Sha256;
  /** The first outputs of real bodies; undefined if bodies are simulated. */
  readonly outputs: Outputs | undefined;
}

/**
 * A run of a tapestry, and its knots' runs, with real workers against a simulated server and backends. The world
 * performs one action at a time, in order of arrival, unless the adversary strikes. Equal schedules and adversaries
 * give equal runs.
 */
export class SimulatedWorld {
  readonly ledger: Ledger;
  readonly history: SimulatedHistory;
  readonly backends: Uses<'backends'>['backends'];
  readonly lines = new Lines();
  readonly runs = new Map<string, SimulatedRun>();
  readonly workflows = new Map<string, SimulatedWorkflow>();
  /** The executions that have an open turn. */
  readonly inTurn: Execution[] = [];
  /** Simulated time, in milliseconds. */
  now = 1_000_000;
  steps = 0;
  private readonly root: SimulatedRun;
  private readonly processes = Array.from({ length: WORKERS }, () => new Process());
  private readonly living = new Set<Attempt>();
  private readonly queue: Action[] = [];
  private next = 0;
  private readonly calls: (() => Promise<void>)[] = [];
  /** The number of occurrences, by step, then by knot. */
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

  /** Plays the run; rejects with a {@link Violation}. */
  async play(isReplayed: boolean): Promise<WorldEnd> {
    await new Promise<void>((resolve, reject) => this.goOn(resolve, reject));
    for (const run of this.runs.values()) run.checkOutcomes();
    for (const workflow of this.workflows.values()) await workflow.checkAtEnd(isReplayed);
    const { bodies, struck, units } = this;
    return { run: this.root.end(), bodies, struck, units };
  }

  /** Performs actions in order. Before each action, the workers' own calls run until no promise can proceed. */
  private goOn(done: () => void, failed: (error: unknown) => void): void {
    const step = (): void => {
      try {
        if (this.ledger.failure) throw this.ledger.failure;
        if (!this.endTurns()) return next();
        const call = this.calls.shift();
        if (call) return void call().then(next, failed);
        // An action that starts no promise needs no wait.
        do {
          if (this.next === this.queue.length) return this.endGrace() ? next() : done();
        } while (!this.consider(this.queue[this.next++]!));
        next();
      } catch (error) {
        failed(error);
      }
    };
    // A nested tick runs before its promises; a tick from a promise runs after all promises.
    const tick = (): void => process.nextTick(step);
    const next = (): void => void NOW.then(tick);
    next();
  }

  /** Returns whether all turns have ended. */
  private endTurns(): boolean {
    for (let execution; (execution = this.inTurn[0]); this.inTurn.shift())
      if (!execution.endTurn()) return false;
    return true;
  }

  /** Lets time pass if there is nothing else to do; returns whether a run waited for it. */
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

  soon(work: () => void): void {
    this.calls.push(() => {
      work();
      return NOW;
    });
  }

  /** Runs `goOn` as the next action after the work. An error of the work or of the action fails the simulation. */
  later<T>(work: Promise<T>, goOn: (result: T) => void): void {
    work.then(
      (result) => this.soon(() => goOn(result)),
      (error: Error) => this.fail(error),
    );
  }

  fail(error: Error): void {
    this.ledger.failure ??= error;
  }

  /** Calls a real body after all calls that came earlier. Never rejects. */
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

  /** A run must wait for all its work. */
  requireNoneLeft(run: SimulatedRun): void {
    for (const { activity } of this.living) {
      if (activity.run !== run || activity.isDone) continue;
      const name = run.nameOf(activity.knot);
      return this.fail(new Violation('left behind', `The run has ended, and "${name}" goes on`, name));
    }
  }

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

  /** An attempt learns of its cancel some time later; an activity between two attempts ends instead of the next. */
  cancel(activity: Activity): void {
    activity.isCancelRequested = true;
    const { run, knot, current: attempt } = activity;
    if (!attempt || activity.isDone) return;
    this.push({ step: 'hear', run, knot, attempt, perform: () => attempt.stop('CANCELLED') });
  }

  /** The attempt has ended, but its activity has not. */
  tryAgain(attempt: Attempt): void {
    this.living.delete(attempt);
    const { activity, beaten } = attempt;
    if (activity.current !== attempt) return;
    activity.details = beaten;
    activity.current = undefined;
    this.schedule(activity);
  }

  /** The server takes only the answer of the current attempt. */
  take(attempt: Attempt, end: ActivityEnd): void {
    this.living.delete(attempt);
    const { activity } = attempt;
    if (activity.current !== attempt || activity.isDone) return;
    activity.isDone = true;
    const { run, knot, isGroup } = activity;
    const step = isGroup ? 'deliverSegment' : 'deliver';
    this.push({ step, run, knot, attempt, perform: () => activity.ended(end) });
  }

  private get units(): number {
    let units = this.ledger.size;
    for (const run of this.runs.values())
      for (const outcome of run.outcomes) units += Number(outcome === undefined);
    return units;
  }

  /** Performs an action; returns whether it started promises. */
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
    // The server stores an answer without delivering it.
    return blow !== undefined || (step !== 'answer' && step !== 'answerSegment');
  }

  private possible({ step, attempt, mayThrow, run }: Action): BlowSet {
    let set = POSSIBLE[step];
    if (attempt) {
      // The server can give up only the current attempt.
      if (attempt.activity.current !== attempt) set &= ~GIVE_UP;
      if (!attempt.activity.isGroup) set &= ~STOP;
    }
    if (!mayThrow) set &= ~THROW;
    const { losses } = this.ledger;
    // A run that is cancelled does not make lost records again: their knots have failed.
    if (this.root.isFinished || this.root.isCancelled || losses === MOST_LOSSES) set &= ~LOSE;
    if (!this.root.isFinished && !this.root.isCancelled && losses === 0)
      set |= this.root.outside.hasDeadline ? CANCEL | DEADLINE : CANCEL;
    return run.outside.isInGrace ? set | GRACE_OVER : set;
  }

  /** Strikes; returns whether the action is done; else it proceeds normally. */
  private strike(blow: BlowKind, action: Action, isDelivery: boolean): boolean {
    const { run, attempt } = action;
    switch (blow) {
      case 'delay':
        this.push(action);
        return true;
      case 'kill':
        if (attempt) this.kill(attempt.process);
        // An answer that was sent is still delivered.
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
      case 'lose':
        this.ledger.goBack((id, knot) => this.runs.get(id)!.canMakeAgain(knot));
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
      case 'clock':
        attempt!.process.putBack();
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

  /** The server loses its current attempt, and schedules another. */
  private lose(attempt: Attempt): void {
    const { activity } = attempt;
    if (activity.current !== attempt || activity.isDone) return;
    activity.current = undefined;
    activity.losses += 1;
    this.schedule(activity);
  }
}

/** The scheduled error of a body that has attempts left. */
class ThrownBySimulator extends Error {
  override readonly name = 'ThrownBySimulator';
}

// The error is made once, as formatting stacks is slow.
const THROWN = new ThrownBySimulator('Thrown by the simulator');
/** The error of trouble that no attempt waits out. */
const OUT_OF_REACH = new SelvageError('KeyMissing', 'A simulated backend cannot do its work.');
