import type { CheckedWebhook } from '../../triggers';
import { Problem } from './problem';

/**
 * Bytes of bodies that are worked on at once. A body takes some fifteen times its bytes while it is parsed, checked,
 * hashed and stored.
 */
export const BYTES_AT_ONCE = 8 * 1024 * 1024;

/** Limits the verified requests of one webhook: those in progress at once, and the rate. */
export class Admission {
  private inFlight = 0;
  private tokens: number;
  private filledAt: number;

  constructor(
    private readonly limits: CheckedWebhook['limits'],
    /** Milliseconds of a monotonic clock. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.tokens = limits.rate?.burst ?? 0;
    this.filledAt = this.now();
  }

  /** @throws Problem 429 */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.inFlight >= this.limits.window) throw tooMany(1);
    this.requireRate();
    this.inFlight += 1;
    try {
      return await work();
    } finally {
      this.inFlight -= 1;
    }
  }

  private requireRate(): void {
    const { rate } = this.limits;
    if (!rate) return;
    const now = this.now();
    const filled = this.tokens + ((now - this.filledAt) / 1_000) * rate.perSecond;
    this.tokens = Math.min(rate.burst, filled);
    this.filledAt = now;
    if (this.tokens < 1) throw tooMany((1 - this.tokens) / rate.perSecond);
    this.tokens -= 1;
  }
}

/** @param seconds until another try may be accepted */
function tooMany(seconds: number): Problem {
  return new Problem(
    'TooManyRequests',
    'More requests come than this webhook takes. Send it again later; what was sent under a key starts one run.',
    { headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) } },
  );
}
