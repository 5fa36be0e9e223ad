import { SelvageError, isOfClass } from '../errors';
import type { Logger } from '../authoring/knot-context';
import { pause } from '../ports/parts/pause';
import type { Acceptance, Trigger, TriggerEvent, TriggerMetrics } from '../triggers';
import type { PartState } from './readiness';
import { backOff, type BackOff } from '../values/back-off';

const DELAYS: BackOff = { base: 1_000, max: 60_000 };

interface KeptTriggerOptions {
  readonly name: string;
  readonly make: () => Promise<Trigger>;
  readonly accept: (events: readonly TriggerEvent[]) => Promise<Acceptance[]>;
  readonly logger: Logger;
  readonly metrics: TriggerMetrics & { restarted(): void };
  /** Waits before a trigger that has ended is started again. */
  readonly delays?: BackOff;
}

/** Makes and starts a trigger again whenever it ends, except by a mistake. */
export class KeptTrigger {
  readonly name: string;
  #state: PartState = { ready: false, since: Date.now() };

  constructor(private readonly options: KeptTriggerOptions) {
    this.name = options.name;
  }

  get state(): PartState {
    return this.#state;
  }

  /**
   * Returns once the signal is aborted and the trigger has finished accepting.
   *
   * @throws SelvageError a mistake in the trigger's options, which no retry fixes
   */
  async run(signal: AbortSignal): Promise<void> {
    const { delays = DELAYS } = this.options;
    let failures = 0;
    while (!signal.aborted) {
      const began = performance.now();
      const error = await this.#runOnce(signal);
      if (signal.aborted) break;
      if (isOfClass(error, 'mistake')) throw error;
      // A failure after a long time of work does not count as repeated.
      if (performance.now() - began > delays.max) failures = 0;
      await this.#rest(error, backOff(delays, failures++), signal);
    }
    this.#change(undefined, false);
  }

  /** Returns why the trigger ended: always an error, unless the signal was aborted. */
  async #runOnce(signal: AbortSignal): Promise<unknown> {
    const { make, accept, logger, metrics, name } = this.options;
    try {
      const trigger = await make();
      this.#change(undefined, true);
      await trigger.run({
        accept,
        signal,
        logger,
        metrics,
        trouble: (error, note) => this.#trouble(error, note),
      });
      return new Error(`The trigger ${name} returned although nobody had told it to stop`);
    } catch (error) {
      return error;
    }
  }

  async #rest(error: unknown, milliseconds: number, signal: AbortSignal): Promise<void> {
    const { logger, metrics } = this.options;
    const why = error instanceof Error ? error.message : String(error);
    this.#change(SelvageError.is(error) ? error.code : 'InternalError', false);
    logger.error(`ended: ${why}. It is started again in ${Math.ceil(milliseconds / 1_000)} s.`, {
      err: error,
    });
    metrics.restarted();
    await pause(milliseconds, signal);
  }

  #trouble(error: SelvageError | undefined, note: string | undefined): void {
    const { logger } = this.options;
    const before = this.#state.error;
    // A repeated error is not logged again.
    if (error && error.code !== before)
      logger[error.details['brief'] === true ? 'info' : 'warn'](
        `does not deliver: ${error.code}: ${error.message}`,
      );
    else if (!error && before !== undefined) logger.info('delivers again');
    this.#change(error?.code, error === undefined, note);
  }

  #change(error: string | undefined, ready: boolean, note?: string): void {
    const { ready: wasReady, error: before, note: noted } = this.#state;
    if (wasReady === ready && before === error && noted === note) return;
    this.#state = {
      ready,
      since: Date.now(),
      ...(error !== undefined && { error }),
      ...(note !== undefined && { note }),
    };
  }
}
