import type { KnotAttempt } from './knot-attempt';
import { SelvageError } from '../errors';
import { Comebacks } from '../runtime';

/** Interval at which the number of suspects doubles. After a pause of this length, the number starts again at one. */
const STEP_MS = 10_000;
const FIRST_COMEBACK_MS = 500;
/** Distance between returning suspects. */
const COMEBACK_SPACING_MS = 50;
const LATEST_COMEBACK_MS = 10_000;

/**
 * Suspects: knots that were running when two workers were lost. One of these suspects may have killed the workers. A
 * loss costs half a minute, so suspects first run one at a time, which soon tells the killer from many short knots.
 * Then the number of suspects doubles every ten seconds, so that long ones do not wait for one another.
 *
 * C1 Before a body begins, the server knows the maximum number of suspects of this process beside it. After the process
 * is lost, the next attempt knows that number.
 * C2 A suspect lost among several runs among half as many from then on. A killer is therefore alone after a few more
 * losses.
 * C3 A knot is given up only for losses as the only suspect. A suspect without a place has not begun, so its lost
 * worker does not count.
 *
 * One instance serves the whole process, as a killer of the process kills all of its workers.
 */
export class CrashSuspects {
  private readonly running = new Set<KnotAttempt>();
  /** The announced number of concurrent suspects. */
  private bound = 1;
  /** Since when there have been suspects without a long pause, and when the last one ended. */
  private since = 0;
  private endedAt = -Infinity;
  private others: Promise<unknown> = Promise.resolve();
  private readonly comebacks = new Comebacks();

  /**
   * Resolves when the body may run; call the result at its end. Errors are those of {@link KnotAttempt.runAmong}, and
   * `Quarantined`.
   */
  async enter(attempt: KnotAttempt): Promise<() => void> {
    if (!attempt.isSuspect) return () => {};
    const { bound } = this;
    const next = this.boundWith(attempt);
    const others = [...this.running];
    this.running.add(attempt);
    this.bound = next;
    const leave = (): void => {
      this.running.delete(attempt);
      this.endedAt = performance.now();
    };
    try {
      if (next > bound) this.others = Promise.all(others.map((other) => tell(other, next)));
      await Promise.all([this.others, attempt.runAmong(next)]);
      return leave;
    } catch (error) {
      if (next > bound) this.tellAgain();
      leave();
      throw error;
    }
  }

  /** After a failed announcement, makes the next arrival announce the number for all suspects. */
  private tellAgain(): void {
    this.bound = 1;
    this.others = Promise.resolve();
  }

  private boundWith(attempt: KnotAttempt): number {
    const now = performance.now();
    const { size } = this.running;
    if (size === 0) {
      if (now - this.endedAt > STEP_MS) this.since = now;
      return 1;
    }
    const wanted = size < this.bound ? this.bound : 2 * Math.max(this.bound, size);
    const allowed = 2 ** Math.floor((now - this.since) / STEP_MS);
    const least = Math.min(
      allowed,
      ...[...this.running, attempt].map(({ suspectsAtMost }) => suspectsAtMost),
    );
    if (wanted > least) throw this.noPlace(attempt);
    return wanted;
  }

  private noPlace({ knot }: KnotAttempt): SelvageError {
    const [first] = this.running;
    const more = this.running.size - 1;
    const holders = `knot "${first!.knot}"${more > 0 ? ` and ${more} more` : ''}`;
    const retryAfter = this.comebacks.next('', FIRST_COMEBACK_MS, COMEBACK_SPACING_MS, LATEST_COMEBACK_MS);
    return new SelvageError(
      'Quarantined',
      `Knot "${knot}" waits for ${holders} to end: two workers were lost while each of them ran, so few of them are tried at once.`,
      { details: { knot, holder: first!.knot, retryAfter } },
    );
  }
}

/** Ignores attempts that were given up or have ended. */
async function tell(attempt: KnotAttempt, bound: number): Promise<void> {
  try {
    await attempt.runAmong(bound);
  } catch (error) {
    if (SelvageError.is(error, 'ServerUnreachable')) throw error;
  }
}

export const crashSuspects = new CrashSuspects();
