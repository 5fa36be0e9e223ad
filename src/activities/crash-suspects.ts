import type { KnotAttempt } from './knot-attempt';
import { SelvageError } from '../errors';
import { Comebacks } from '../runtime';

/** How often the number of suspects that may run doubles. After as long without suspects, it starts again at one. */
const STEP_MS = 10_000;
/** A suspect that finds no place comes back after this, … */
const FIRST_COMEBACK_MS = 500;
/** … several of them with this spacing, … */
const COMEBACK_SPACING_MS = 50;
/** … but each after this at the latest. */
const LATEST_COMEBACK_MS = 10_000;

/**
 * Suspects: knots that were running when two workers were lost. One of them may be what killed the workers; whatever ran beside it was lost
 * just as often. A loss costs half a minute, so suspects run one at a time at first, which soon tells many short ones from the killer. Then
 * the number that may run doubles every ten seconds, so that long ones do not wait for one another.
 *
 * C1  Before a body begins, the server knows how many suspects of this process run beside it at most. If the process is lost, the next
 *     attempt knows it, too.
 * C2  A suspect that was lost among several runs among half as many from then on. So a killer is alone after a few more losses.
 * C3  A knot is given up only for what was lost while it was the only suspect. A suspect that found no place has not begun, whatever
 *     happened to the worker.
 *
 * There is one per process: what kills the process kills all of its workers.
 */
export class CrashSuspects {
  /** Suspects whose bodies run or are about to. */
  private readonly running = new Set<KnotAttempt>();
  /** The number of concurrent suspects that all of them have announced. */
  private bound = 1;
  /** Since when there have been suspects without a long pause, and when the last one ended. */
  private since = 0;
  private endedAt = -Infinity;
  private others: Promise<unknown> = Promise.resolve();
  private readonly comebacks = new Comebacks();

  /**
   * Resolves when the body may run, with a function to call when it has ended.
   *
   * @throws SelvageError `Quarantined`, `ServerUnreachable`, `WorkerShutdown`, which are refusals; CancelledFailure
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

  /**
   * Some running suspects may not have announced the present number. The next arrival announces it for all of them; failed announcements
   * are not awaited.
   */
  private tellAgain(): void {
    this.bound = 1;
    this.others = Promise.resolve();
  }

  /** Most suspects that run at once, including this one. */
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

/** An attempt that was given up or has ended need not be told. */
async function tell(attempt: KnotAttempt, bound: number): Promise<void> {
  try {
    await attempt.runAmong(bound);
  } catch (error) {
    if (SelvageError.is(error, 'ServerUnreachable')) throw error;
  }
}

/** The suspects of this process. */
export const crashSuspects = new CrashSuspects();
