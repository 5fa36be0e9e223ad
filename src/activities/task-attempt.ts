import { CancelledFailure, type Context } from '@temporalio/activity';
import { defined, type Json } from '../values';
import type { EndReason, Trail } from '../runtime';

export interface HandedOnTrail extends Trail {
  readonly at?: { readonly attempt: number; readonly started_at: number; readonly worker: string };
  readonly waits_for?: { readonly code: string; readonly since: number };
}

/** What an attempt passes to the next through the server: counts, the trail, and the body's `ctx.heartbeat` details. */
export interface HeartbeatDetails {
  readonly throws: number;
  readonly refusals: number;
  /** Attempts of a knot with limits whose body may have begun and that ended without a report. Default 0. */
  readonly begun?: number;
  /** Maximum number of concurrent suspects, including this knot, in its last attempt without a report. */
  readonly among?: number;
  /** Lost workers when the list of a large map last progressed. */
  readonly lostAtProgress?: number;
  readonly trail?: HandedOnTrail;
  readonly user?: Json;
}

/**
 * One attempt of one of our activities. Temporal counts attempts but does not say why one ended. Attempts pass on their
 * throws and refusals; all other ended attempts count as lost workers.
 */
export abstract class TaskAttempt {
  protected readonly before: HeartbeatDetails;
  protected user: Json | undefined;
  protected throwsHere = 0;
  protected refusalsHere = 0;

  /**
   * @param label the subject of a message's first sentence
   * @param thrownBefore throws of the body before this activity's first attempt
   * @param lostBefore workers lost before that attempt
   */
  constructor(
    readonly context: Context,
    readonly knot: string,
    readonly label: string,
    private readonly thrownBefore = 0,
    private readonly lostBefore = 0,
  ) {
    this.before = readDetails(context.info.heartbeatDetails, thrownBefore);
    this.user = this.before.user;
  }

  get number(): number {
    return this.context.info.attempt;
  }

  get throws(): number {
    return this.before.throws + this.throwsHere;
  }

  get refusals(): number {
    return this.before.refusals + this.refusalsHere;
  }

  /** Lost workers: attempts that ended without a report. */
  get lost(): number {
    const explained = this.before.throws - this.thrownBefore + this.before.refusals;
    return this.lostBefore + Math.max(0, this.number - 1 - explained);
  }

  /**
   * Why the server or the worker ends this attempt. `superseded`: the server has given this attempt up (no heartbeat
   * arrived in time, the run is over, an operator paused or reset the activity).
   */
  get cancelReason(): 'cancelled' | 'shutdown' | 'superseded' | undefined {
    const signal = this.context.cancellationSignal;
    if (!signal.aborted) return undefined;
    const reason = signal.reason instanceof CancelledFailure ? signal.reason.message : '';
    if (reason === 'WORKER_SHUTDOWN') return 'shutdown';
    return reason === 'CANCELLED' ? 'cancelled' : 'superseded';
  }

  countThrow(_error: unknown): void {
    this.throwsHere = 1;
    this.beat();
  }

  /** An attempt counts once: if its throw could not be recorded, it is a refusal. */
  countRefusal(_reason: EndReason): void {
    this.throwsHere = 0;
    this.refusalsHere = 1;
    this.beat();
  }

  /** Resolves when no heartbeat outside the SDK is in progress, as such a heartbeat could arrive after the last one. */
  allSent(): Promise<void> {
    return Promise.resolve();
  }

  /** Sends the counts to the server. The SDK throttles heartbeats, and flushes the last one with a failure. */
  beat(): void {
    this.context.heartbeat(this.details);
  }

  protected get details(): HeartbeatDetails {
    return {
      throws: this.throws,
      refusals: this.refusals,
      ...(this.user !== undefined && { user: this.user }),
    };
  }
}

function readDetails(details: unknown, thrownBefore: number): HeartbeatDetails {
  if (details === undefined) return { throws: thrownBefore, refusals: 0 };
  const { throws, refusals, begun, among, lostAtProgress, trail, user } = (details ??
    {}) as Partial<HeartbeatDetails>;
  return {
    throws: throws ?? thrownBefore,
    refusals: refusals ?? 0,
    ...defined({ begun, among, lostAtProgress, trail, user }),
  };
}
