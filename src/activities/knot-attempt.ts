import { CancelledFailure, type Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityCompletionError } from '@temporalio/client';
import type { Json } from '../values';
import { LOST_WORKERS } from '../plan';
import { SelvageError } from '../errors';
import {
  RunClock,
  endReason,
  lostIn,
  tellError,
  withAttempt,
  withWait,
  type EndReason,
  type Trail,
  type HandedOn,
  type HostLost,
  type KnotTrail,
} from '../runtime';
import { TaskAttempt, type HandedOnTrail, type HeartbeatDetails } from './task-attempt';
import type { ResolvedTask } from './tasks';
import type { Uses } from './worker-parts';

/** Lost workers after which a knot is given up that kills them before its body, or kills all workers. */
const MOST_LOST_WORKERS = 20;

const WITHOUT_A_SIGN = 'The worker was lost, or gave no sign of life for 30 s.';

/** A shorter time between scheduling and start does not count as waiting for a worker. */
const QUEUED_MS = 1_000;

export class KnotAttempt extends TaskAttempt implements KnotTrail, HandedOn {
  private announces = false;
  private hasBegun = false;
  private hasBeatenBySdk = false;
  private announcing: Promise<void> | undefined;
  private among: number | undefined;
  private lostAtProgress = this.before.lostAtProgress;
  private readonly clock: RunClock;
  private readonly startedAt: number;
  private isBodyCalled = false;
  /** Attempts and waits before this attempt, and waits in it so far. */
  private known: Trail;
  private end: Omit<HandedOnTrail, 'at'> | undefined;

  constructor(
    context: Context,
    readonly task: ResolvedTask,
    private readonly of: Uses<'clock' | 'identity'>,
  ) {
    super(context, task.knot, `Knot "${task.knot}"`, task.handedBack?.throws);
    this.clock = new RunClock(of.clock.now());
    this.startedAt = this.clock.now();
    this.known = this.trailBefore();
  }

  get trail(): Trail {
    return this.known;
  }

  noteBody(): void {
    this.isBodyCalled = true;
  }

  /** {@link countThrow} has already told the next attempt of the throw. */
  thrown(): void {}

  /** Tells the next attempt that the body's thread or process died. The death counts as a lost worker. */
  hostLost({ message }: HostLost): void {
    this.endWith({ type: 'WorkerLost', message }, undefined);
    this.beat();
  }

  /** How the previous attempt lost its body host; undefined if it lost no body host. */
  get hostLostBefore(): string | undefined {
    const { code, message } = this.known.attempts.at(-1)?.reason ?? {};
    return code === 'WorkerLost' && message !== WITHOUT_A_SIGN ? message : undefined;
  }

  waited(code: string, since: number, until: number): void {
    this.known = withWait(this.known, { code, since, until });
  }

  override countThrow(error: unknown): void {
    this.endWith(tellError(error), 'Retry');
    super.countThrow(error);
  }

  override countRefusal(reason: EndReason): void {
    this.endWith(this.isBodyCalled ? reason : undefined, reason.type);
    super.countRefusal(reason);
  }

  private endWith(reason: EndReason | undefined, waitsFor: string | undefined): void {
    const now = this.clock.now();
    const { startedAt: started_at, ofBody: attempt } = this;
    const ended = reason && {
      attempt,
      started_at,
      ended_at: now,
      worker: this.of.identity,
      reason: endReason(reason),
    };
    this.end = {
      ...(ended ? withAttempt(this.known, ended) : this.known),
      ...(waitsFor !== undefined && { waits_for: { code: waitsFor, since: ended ? now : started_at } }),
    };
  }

  private trailBefore(): Trail {
    const { info } = this.context;
    const { startedAt, task } = this;
    const { attempts = [], waits = [], at, waits_for: open } = this.before.trail ?? {};
    const offered = info.currentAttemptScheduledTimestampMs;
    let trail: Trail = { attempts: this.before.trail ? attempts : (task.handedBack?.attempts ?? []), waits };
    const wasQueued = startedAt - offered >= QUEUED_MS;
    if (open) trail = withWait(trail, { ...open, until: wasQueued ? offered : startedAt });
    if (this.isAfterLost(at !== undefined, trail)) {
      const since = Math.max(info.scheduledTimestampMs, trail.attempts.at(-1)?.ended_at ?? 0);
      trail = withAttempt(trail, {
        attempt: at?.attempt ?? this.ofBody - 1,
        started_at: at?.started_at ?? since,
        ended_at: Math.max(offered, at?.started_at ?? since),
        ...(at && { worker: at.worker }),
        reason: { code: 'WorkerLost', message: WITHOUT_A_SIGN },
      });
    }
    return wasQueued ? withWait(trail, { code: 'Queued', since: offered, until: startedAt }) : trail;
  }

  /** The previous attempt ended without a report. */
  private isAfterLost(hasBeaten: boolean, { attempts }: Trail): boolean {
    if (this.number === 1) return false;
    if (hasBeaten) return true;
    return super.lost > lostIn(attempts);
  }

  /** To call for a knot with limits: its attempts announce bodies, and a worker lost before that does not count. */
  countOnlyBegun(): void {
    this.announces = true;
  }

  override get lost(): number {
    return this.announces ? (this.before.begun ?? 0) : super.lost;
  }

  /** Announces the body, if only begun bodies count. Errors as of {@link announceBody}. */
  async begin(): Promise<void> {
    await this.announcing;
    this.hasBegun = true;
    // Replaces a heartbeat that the SDK may hold back.
    if (this.hasBeatenBySdk) this.beat();
    await this.announce();
  }

  /**
   * Bypasses the SDK before an announcement. A heartbeat that the SDK holds back could arrive after the
   * announcement and hide from the next attempt that the body began.
   */
  override beat(): void {
    const isEnding = this.throwsHere + this.refusalsHere > 0;
    if (!this.announces || this.hasBegun || isEnding) {
      // The SDK also sent the heartbeats from before it was known that the knot has limits.
      this.hasBeatenBySdk = true;
      return super.beat();
    }
    this.announcing ??= this.announce()
      .catch((error: unknown) => {
        // Unannounced, the body cannot begin. The answer to a heartbeat of the SDK tells why, and aborts the attempt.
        if (!SelvageError.is(error, 'ServerUnreachable')) super.beat();
      })
      .finally(() => (this.announcing = undefined));
  }

  override async allSent(): Promise<void> {
    await this.announcing;
  }

  private async announce(): Promise<void> {
    await announceBody(this.context, this.knot, this.label, this.details);
  }

  /** The knot may kill its workers. Only a few suspects run at once. */
  get isSuspect(): boolean {
    return this.lost >= LOST_WORKERS - 1;
  }

  get suspectsAtMost(): number {
    return Math.ceil((this.before.among ?? Infinity) / 2);
  }

  /**
   * The suspect was the only one when the last worker was lost, or too many were lost. Composing a map calls no body
   * and with a million elements outlives many workers, so only losses since its last progress count.
   */
  get killsWorkers(): boolean {
    if (this.task.map) return this.lost - (this.lostAtProgress ?? 0) >= MOST_LOST_WORKERS;
    return this.lost >= (this.before.among === 1 ? LOST_WORKERS : MOST_LOST_WORKERS);
  }

  /**
   * Resolves once the server knows the number. To call before a suspect's body begins and before other suspects join
   * it. Errors as of {@link begin}.
   */
  async runAmong(suspects: number): Promise<void> {
    this.among = suspects;
    // Otherwise a heartbeat that the SDK holds back would overwrite the announcement later.
    this.beat();
    await this.announcing;
    await this.announce();
  }

  protected override get details(): HeartbeatDetails {
    const isExplained = this.throwsHere + this.refusalsHere > 0;
    const begun = (this.before.begun ?? 0) + (this.hasBegun && !isExplained ? 1 : 0);
    const among = isExplained ? this.before.among : (this.among ?? this.before.among);
    const { startedAt: started_at } = this;
    return {
      ...super.details,
      ...(begun > 0 && { begun }),
      ...(among !== undefined && { among }),
      ...(this.lostAtProgress !== undefined && { lostAtProgress: this.lostAtProgress }),
      trail: this.end ?? {
        ...this.known,
        at: { attempt: this.ofBody, started_at, worker: this.of.identity },
      },
    };
  }

  /** From 1. Throws and lost body hosts before the knot was handed back count as well. */
  get ofBody(): number {
    const { throws = 0, attempts = [] } = this.task.handedBack ?? {};
    return this.number + throws + lostIn(attempts);
  }

  /** An earlier attempt, a segment or a child run may have recorded the knot. */
  get mayBeRecorded(): boolean {
    return this.number > 1 || this.task.handedBack !== undefined || this.task.lost === true;
  }

  last(): Json | undefined {
    return this.user;
  }

  keep(_knotId: string, details: Json): void {
    this.user = details;
    if (this.task.map) this.lostAtProgress = this.lost;
    this.beat();
  }
}

/**
 * Resolves once the server knows that the body begins. The SDK may hold back heartbeats, and lose them with the
 * worker.
 *
 * @param label the attempt, as the subject of a message's first sentence
 * @throws SelvageError `ServerUnreachable`, `WorkerShutdown` (the server has given it up); CancelledFailure
 */
async function announceBody(context: Context, knot: string, label: string, details: object): Promise<void> {
  try {
    await context.client.activity.heartbeat(context.info.taskToken, details);
  } catch (cause) {
    // The SDK reports the cancel as a failure here. The run, which requested the cancel, accepts any failure.
    if (cause instanceof ActivityCancelledError) throw new CancelledFailure(`${label} was cancelled`);
    if (cause instanceof ActivityCompletionError) {
      throw new SelvageError(
        'ServerUnreachable',
        `${label} could not tell the server that its body begins (${cause.message}); it is tried again.`,
        { details: { knot }, cause },
      );
    }
    throw new SelvageError(
      'WorkerShutdown',
      `The server has given up this attempt, or an operator has paused it, before its body began: ${label} goes on in another one.`,
      { details: { knot }, cause },
    );
  }
}
