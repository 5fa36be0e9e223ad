import { setTimeout as delay } from 'node:timers/promises';
import { SelvageError, isAway } from '../errors';
import { durationOption, type Duration } from '../values/duration';

const OUTAGE_LIMIT_MS = 600_000;
const TRY_AGAIN_AFTER_MS = 1_000;

export interface OutageOptions {
  /**
   * Limit of a wait for a run while the Temporal server or a backend is unreachable: milliseconds, or a text such as
   * `'15m'`. Past the limit, the wait fails with an error that names the limit; the run is not affected. Temporal's
   * client retries for some 20 s before an outage counts. 0: fail at once. `Infinity`: never. Default: ten minutes.
   */
  readonly outageLimit?: Duration;
}

/** Repeats a call during outages. */
export type Through = <T>(call: () => Promise<T>) => Promise<T>;

/** The outages of all runs of a client, so that each outage is reported once. */
export class Outages {
  readonly #limit: number;
  readonly #tell: (message: string) => void;
  #waiting = 0;

  /** @throws SelvageError `InvalidConfig` */
  constructor({ outageLimit }: OutageOptions, tell: (message: string) => void) {
    this.#limit = limitOf(outageLimit) ?? OUTAGE_LIMIT_MS;
    this.#tell = tell;
  }

  /**
   * Repeats a call until its servers are reachable, or the limit has passed since the first failure. Past the limit,
   * the call rejects with the last error. The call must be safe to repeat.
   */
  async through<T>(call: () => Promise<T>, { outageLimit }: OutageOptions = {}): Promise<T> {
    const limit = limitOf(outageLimit) ?? this.#limit;
    let since: number | undefined;
    try {
      for (;;) {
        try {
          return await call();
        } catch (error) {
          if (!isAway(error)) throw error;
          since ??= this.#begin(error, limit);
          const away = performance.now() - since;
          if (away >= limit) throw givenUp(error, limit);
          await delay(Math.min(TRY_AGAIN_AFTER_MS, limit - away));
        }
      }
    } finally {
      if (since !== undefined) this.#end();
    }
  }

  #begin({ code, message }: SelvageError, limit: number): number {
    this.#waiting += 1;
    if (this.#waiting === 1 && limit > 0)
      this.#tell(
        `warning ${code}: ${message} Waiting for it${Number.isFinite(limit) ? `, for ${seconds(limit)} at most` : ''}.`,
      );
    return performance.now();
  }

  #end(): void {
    this.#waiting -= 1;
  }
}

function givenUp(error: SelvageError, limit: number): SelvageError {
  if (limit === 0) return error;
  return new SelvageError(
    error.code,
    `${error.message} That has been so for ${seconds(limit)}, the limit of this call (\`outageLimit\`).`,
    { details: { ...error.details, outageLimit: limit }, cause: error },
  );
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1_000} s`;
}

function limitOf(given: Duration | undefined): number | undefined {
  const limit = durationOption('outageLimit', given);
  if (limit === undefined || limit >= 0) return limit;
  throw new SelvageError(
    'InvalidConfig',
    `The outageLimit is ${String(limit)}. Give milliseconds, 0 or more, a text such as "15m", or Infinity.`,
    { details: { option: 'outageLimit', reason: 'WrongValue' } },
  );
}
