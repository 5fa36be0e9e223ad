import type { CheckedWebhook } from '../../triggers';
import { Problem } from './problem';

const BYTES_AT_ONCE = 8 * 1024 * 1024;

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

/**
 * Bounds how many bytes of bodies are worked on at once; the rest waits, first come, first served. A body takes some fifteen times its bytes
 * while it is parsed, checked, hashed and stored.
 */
export class ByteSlots {
  private readonly waiting: { readonly bytes: number; readonly begin: () => void }[] = [];
  private used = 0;

  constructor(private readonly limit = BYTES_AT_ONCE) {}

  /** A body above the limit is worked on alone. */
  async use<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.waiting.length > 0 || !this.fits(bytes))
      await new Promise<void>((begin) => this.waiting.push({ bytes, begin }));
    else this.used += bytes;
    try {
      return await work();
    } finally {
      this.used -= bytes;
      while (this.waiting.length > 0 && this.fits(this.waiting[0]!.bytes)) {
        const next = this.waiting.shift()!;
        this.used += next.bytes;
        next.begin();
      }
    }
  }

  private fits(bytes: number): boolean {
    return this.used === 0 || this.used + bytes <= this.limit;
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
