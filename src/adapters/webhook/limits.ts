import type { CheckedWebhook } from '../../triggers';
import { Rate } from './rate';
import { Problem } from './problem';

/** The limit for bodies in work: parsing, checking, hashing and storing a body takes some fifteen times its bytes. */
export const BYTES_AT_ONCE = 8 * 1024 * 1024;

/** Limits the verified requests of one webhook: those in progress, and the rate. */
export class Admission {
  private inFlight = 0;
  private readonly rate: Rate | undefined;

  /** @param now milliseconds of a monotonic clock */
  constructor(
    private readonly limits: CheckedWebhook['limits'],
    now?: () => number,
  ) {
    this.rate = limits.rate && new Rate(limits.rate, now);
  }

  /** Throws `Problem` 429. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.inFlight >= this.limits.window) throw tooMany(1);
    const seconds = this.rate?.take() ?? 0;
    if (seconds > 0) throw tooMany(seconds);
    this.inFlight += 1;
    try {
      return await work();
    } finally {
      this.inFlight -= 1;
    }
  }
}

/** @param seconds the time until a retry may be accepted */
function tooMany(seconds: number): Problem {
  return new Problem(
    'TooManyRequests',
    'More requests come than this webhook takes. Send it again later; what was sent under a key starts one run.',
    { headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) } },
  );
}
