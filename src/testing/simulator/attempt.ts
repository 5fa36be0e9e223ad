import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';
import { SegmentAttempt, attemptOf, type BatchAttempt } from '../../activities/attempts';
import { reasonOf } from '../../activities/backend-trouble';
import { KnotAttempt } from '../../activities/knot-attempt';
import { runKnotCall } from '../../activities/knot-call';
import { runBatch } from '../../activities/run-batch';
import { runSegment } from '../../activities/segment-run';
import type { TaskAttempt } from '../../activities/task-attempt';
import { SelvageError } from '../../errors';
import type { RetryPolicy } from '../../authoring/records';
import { SILENT, callInProcess } from '../../runtime';
import type { Activity, ActivityEnd } from './activity';
import { AttemptEnvironment, BEGINNING, type Process } from './environment';
import type { SimulatedRun } from './run';
import type { Step } from './schedule';
import type { Action } from './action';

/** A wait in the simulated world: at a boundary, or for a place in a line. */
interface Waiting {
  /** Whether a cancel of the attempt ends the wait. */
  readonly heeds: boolean;
  fail(error: Error): void;
}

/**
 * One attempt at an activity: a worker's real code in a simulated environment. An attempt waits at each boundary for
 * its turn in the world, or for a blow.
 */
export class Attempt {
  isDead = false;
  /** Heartbeat details that the server gets with a failure. */
  beaten: unknown;
  private readonly stopping = new Stopping();
  private readonly waiting = new Set<Waiting>();
  /** The number of calls of a body, by knot. */
  private readonly calls = new Map<string, number>();
  private readonly task: TaskAttempt;
  private readonly lossesBefore: number;

  constructor(
    readonly activity: Activity,
    readonly number: number,
    readonly process: Process,
    /** The number of the world's steps before this attempt. */
    readonly begunAt: number,
  ) {
    this.lossesBefore = activity.losses;
    this.task = attemptOf(this.context, activity.task, { clock: process.clock, identity: 'simulated' })!;
  }

  begin(): void {
    const { run } = this.activity;
    this.execute().then(
      (answer) => this.end({ kind: 'answered', answer }),
      (error: unknown) => {
        const end = this.endBy(error);
        if (end) this.end(end);
        else if (!this.isDead) run.world.tryAgain(this);
      },
    );
  }

  /** Waits at a boundary: resolves when it is passed; rejects at a blow. */
  gate(step: Step, knot: string, retry?: RetryPolicy): Promise<void> {
    if (this.isDead) return Promise.reject(KILLED);
    const mayThrow = retry !== undefined && this.mayThrow(knot, retry);
    return new Promise((resolve, reject) => {
      const gate = new Gate(step, knot, this, mayThrow, this.waiting, resolve, reject);
      this.waiting.add(gate);
      gate.run.world.push(gate);
    });
  }

  async inLine<T>(line: string, places: number, knot: string, work: () => Promise<T>): Promise<T> {
    const { world, id } = this.activity.run;
    const leave = await new Promise<() => void>((resolve, reject) => {
      if (this.isDead) return reject(KILLED);
      const waiting: Waiting = {
        heeds: true,
        fail: (error) => {
          giveUp();
          this.waiting.delete(waiting);
          reject(error);
        },
      };
      this.waiting.add(waiting);
      const giveUp = world.lines.enter(line, places, `${id}/${knot}`, (left) => {
        this.waiting.delete(waiting);
        resolve(left);
      });
    });
    try {
      return await work();
    } finally {
      leave();
    }
  }

  noteCall(knot: string): void {
    const { run } = this.activity;
    // One of the knots may kill workers, so each knot must run individually.
    if (this.task instanceof SegmentAttempt && this.lossesBefore > 0)
      run.world.ledger.note('ran again', run.id, knot, 'was run in a segment that has lost a worker');
    this.calls.set(knot, (this.calls.get(knot) ?? 0) + 1);
  }

  hasCalled(knot: string): boolean {
    return this.calls.has(knot);
  }

  /** Stops the attempt's bodies, which react at once. */
  stop(why: 'CANCELLED' | 'WORKER_SHUTDOWN'): void {
    const reason = new CancelledFailure(why);
    this.stopping.abort(reason);
    for (const one of [...this.waiting]) if (one.heeds) one.fail(reason);
  }

  /** Kills the attempt's worker: further actions have no effect. */
  die(): void {
    this.isDead = true;
    for (const one of [...this.waiting]) one.fail(KILLED);
  }

  private async execute(): Promise<unknown> {
    const environment = new AttemptEnvironment(this);
    const { task } = this;
    if (task instanceof KnotAttempt) return await runKnotCall(environment, task, callInProcess);
    if (task instanceof SegmentAttempt) return await runSegment(environment, task);
    return await runBatch(environment, task as BatchAttempt);
  }

  private end(end: ActivityEnd): void {
    const { run, isGroup, knot } = this.activity;
    if (this.isDead) return;
    const perform = (): void => run.world.take(this, end);
    run.world.push({ step: isGroup ? 'answerSegment' : 'answer', run, knot, attempt: this, perform });
  }

  /** The end of the activity; undefined if it is retried. */
  private endBy(error: unknown): ActivityEnd | undefined {
    if (error instanceof CancelledFailure) return { kind: 'cancelled' };
    if (error instanceof ApplicationFailure)
      return error.nonRetryable === true ? { kind: 'failed', error } : undefined;
    if (this.task.cancelReason === 'cancelled') return { kind: 'cancelled' };
    if (!this.isDead) this.task.countRefusal(reasonOf(error));
    return undefined;
  }

  private mayThrow(knot: string, { maximumAttempts = 1 }: RetryPolicy): boolean {
    const throws = this.task instanceof KnotAttempt ? this.task.throws : this.calls.get(knot)! - 1;
    return throws + 1 < maximumAttempts;
  }

  /** The parts of the SDK's context that our activities use. */
  private get context(): Context {
    const { activity, stopping } = this;
    const heartbeat = (details: unknown): void => void (this.beaten = details);
    // The server ignores an attempt that it has given up.
    const announce = (details: unknown): Promise<void> => {
      if (activity.current !== this) return Promise.reject(KILLED);
      activity.details = details;
      return Promise.resolve();
    };
    return {
      info: {
        attempt: this.number,
        heartbeatDetails: activity.details,
        activityId: activity.knot,
        activityType: activity.type,
        taskQueue: 'simulated',
        taskToken: TOKEN,
        workflowExecution: activity.run.execution,
        scheduledTimestampMs: BEGINNING,
        currentAttemptScheduledTimestampMs: BEGINNING,
      },
      cancellationSignal: stopping,
      heartbeat,
      client: { activity: { heartbeat: (_: unknown, details: unknown) => announce(details) } },
      log: SILENT,
    } as unknown as Context;
  }
}

class Gate implements Action, Waiting {
  readonly run: SimulatedRun;
  isOver = false;

  constructor(
    readonly step: Step,
    readonly knot: string,
    readonly attempt: Attempt,
    readonly mayThrow: boolean,
    private readonly among: Set<Waiting>,
    private readonly resolve: () => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.run = attempt.activity.run;
  }

  get heeds(): boolean {
    return this.step === 'return';
  }

  perform(): void {
    this.end();
    this.resolve();
  }

  fail(error: Error): void {
    this.end();
    this.reject(error);
  }

  private end(): void {
    this.isOver = true;
    this.among.delete(this);
  }
}

/** A replacement of AbortSignal for our own code, which would make thousands of signals. */
class Stopping implements Pick<AbortSignal, 'aborted' | 'reason'> {
  aborted = false;
  reason: unknown;
  private listener: (() => void) | undefined;

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.listener?.();
  }

  addEventListener(_: 'abort', listener: () => void): void {
    this.listener = listener;
  }

  removeEventListener(): void {
    this.listener = undefined;
  }
}

const TOKEN = new Uint8Array();
const KILLED = new SelvageError('WorkerShutdown', 'The simulated worker was killed.');
