import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { TaskAttempt } from '../task-attempt';
import type { EndReason } from '../../runtime';
import { SelvageError, isOfClass } from '../../errors';
import type { WorkCounts } from '../../metrics';
import { reasonOf } from '../backend-trouble';
import { backOff, type BackOff } from '../../values/back-off';

/** A knot shorter than this time costs no call to the server. */
const FIRST_BEAT_MS = 1_000;
const TICK_MS = 1_000;
/** The server considers a worker lost after 30 s without a heartbeat. */
const BLOCKED_LOOP_MS = 5_000;
const NAMED_KNOTS = 5;
/**
 * Grace of bodies in a shutdown. After the grace their attempts are handed back: the server counts unreported attempts
 * as lost workers, half a minute later.
 */
const HAND_BACK_MS = 5_000;
/** Backoff before a knot is offered to another worker that may have its body. */
const NEXT_WORKER: BackOff = { base: 200, max: 30_000 };
/**
 * Quick retries before backing off. The server hands out tasks to its pollers in turn, and on a quiet queue a
 * worker with all its pollers (40, tuned) takes one round.
 */
const QUICK_RETRIES = 100;

/**
 * Keeps the server informed that attempts are alive, tells apart why they end, and warns if a body blocks the
 * process.
 *
 * Every error but a verdict on the knot is a *refusal*: this worker could not do the work now (an unreachable
 * backend, a missing body, a shutdown). Refusals are retried without bound, and the server shows the reason
 * for the waiting knot.
 */
export class Liveness {
  private readonly pulse = new Pulse();

  constructor(private readonly counts: Pick<WorkCounts, 'refused'> | undefined) {}

  async during<T>(attempt: TaskAttempt, run: () => Promise<T>): Promise<T> {
    const handedBack = new Promise<never>((_, reject) => this.pulse.add(attempt, reject));
    try {
      return await Promise.race([run(), handedBack]);
    } catch (error) {
      if (isVerdict(error)) throw error;
      // The server would not retry this refusal, and would mistake it for the knot's end.
      if (attempt.cancelReason === 'cancelled') throw new CancelledFailure(`${attempt.label} was cancelled`);
      const reason = reasonOf(error);
      await attempt.allSent();
      attempt.countRefusal(reason);
      this.counts?.refused(reason.type);
      throw refusal(attempt, error, reason);
    } finally {
      this.pulse.delete(attempt);
    }
  }
}

function isVerdict(error: unknown): boolean {
  return (
    error instanceof ApplicationFailure ||
    error instanceof CancelledFailure ||
    error instanceof CompleteAsyncError
  );
}

function refusal(attempt: TaskAttempt, error: unknown, { type, message }: EndReason): ApplicationFailure {
  const isThrottled = isOfClass(error, 'throttled');
  const wantsOther = isOfClass(error, 'deploy');
  // A refusal is logged once, not at each of the quick offers.
  const isNews = !isThrottled && (!wantsOther || attempt.refusals === 1 || attempt.refusals > QUICK_RETRIES);
  attempt.context.log[isNews ? 'warn' : 'debug'](`${attempt.label} waits: ${message}`, {
    knot: attempt.knot,
    code: type,
    error,
  });
  const retryAfter = SelvageError.is(error) ? (error.details['retryAfter'] as number) : undefined;
  // If workers with other code poll the queue, one of the next attempts reaches a worker with the body.
  const nextWorker = backOff(NEXT_WORKER, Math.max(0, attempt.refusals - QUICK_RETRIES));
  return ApplicationFailure.create({
    message,
    type,
    // Every retry would fail in the same way, so this error ends the knot.
    nonRetryable: type === 'NotStorable',
    ...(wantsOther && { nextRetryDelay: nextWorker }),
    // A knot that waits for its turn is no trouble: it counts in no error metric, and is logged as debug.
    ...(isThrottled && { nextRetryDelay: retryAfter, category: ApplicationFailureCategory.BENIGN }),
    details: [{ knot: attempt.knot, type, message }],
  });
}

function notEnded({ label, knot }: TaskAttempt): SelvageError {
  return new SelvageError(
    'WorkerShutdown',
    `${label} did not end in time when its worker shut down; another one takes it over.`,
    { details: { knot } },
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

interface Watched {
  readonly since: number;
  readonly handBack: (refusal: SelvageError) => void;
  shutdownAt?: number;
}

/**
 * One timer for all attempts of this worker. The timer sends heartbeats for long attempts, hands back those that
 * outlast a shutdown's grace, and notices a blocked event loop.
 */
class Pulse {
  private readonly attempts = new Map<TaskAttempt, Watched>();
  private timer: NodeJS.Timeout | undefined;
  private lastTick = 0;

  add(attempt: TaskAttempt, handBack: Watched['handBack']): void {
    this.attempts.set(attempt, { since: performance.now(), handBack });
    if (this.timer) return;
    this.lastTick = performance.now();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  delete(attempt: TaskAttempt): void {
    this.attempts.delete(attempt);
    // Without this line, the next tick would blame the remaining attempts for the blocked loop.
    this.warnIfBlocked(attempt);
    if (this.attempts.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private tick(): void {
    const now = performance.now();
    const [first] = this.attempts.keys();
    if (first) this.warnIfBlocked(first);
    this.lastTick = now;
    for (const [attempt, watched] of this.attempts) {
      if (now - watched.since >= FIRST_BEAT_MS) attempt.beat();
      if (attempt.cancelReason !== 'shutdown') continue;
      watched.shutdownAt ??= now;
      if (now - watched.shutdownAt >= HAND_BACK_MS) watched.handBack(notEnded(attempt));
    }
  }

  private warnIfBlocked(reporter: TaskAttempt): void {
    const now = performance.now();
    const blocked = now - this.lastTick - TICK_MS;
    if (blocked < BLOCKED_LOOP_MS) return;
    this.lastTick = now;
    const knots = [...new Set([reporter, ...this.attempts.keys()])].map(({ label }) => lowerFirst(label));
    reporter.context.log.warn(
      `The event loop of this worker was blocked for ${(blocked / 1000).toFixed(1)} s while it ran ` +
        `${knots.slice(0, NAMED_KNOTS).join(', ')}${knots.length > NAMED_KNOTS ? ` and ${knots.length - NAMED_KNOTS} more` : ''}. ` +
        'After 30 s the server takes the worker for lost. Split the work by `await`, or move it to a worker thread.',
      { blockedMs: blocked },
    );
  }
}
