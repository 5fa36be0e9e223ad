import { SelvageError } from '../../errors';
import { pause } from '../../ports/parts/pause';
import {
  plannedTimes,
  type CronTriggerDeclaration,
  type Trigger,
  type TriggerEvent,
  type TriggerHost,
} from '../../triggers';
import { again } from '../../ports/parts/again';
import type { BackOff } from '../../values/back-off';

/** The process's clock, which tests replace. */
export interface CronClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits this many milliseconds, or until the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

const PROCESS_CLOCK: CronClock = {
  now: () => Date.now(),
  sleep: pause,
};

const BACK_OFF: BackOff = { base: 1_000, max: 30_000 };
/** The longest timer that Node supports. */
const LONGEST_SLEEP_MS = 2_147_483_647;

/**
 * Delivers an event at each multiple of an interval since 1970. All processes name an event alike, so the start ledger
 * lets only one of them start its run. Events that pass while no process accepts them are lost and counted.
 */
export class CronTrigger implements Trigger {
  readonly kind = 'cron';
  readonly id: string;

  constructor(
    private readonly declaration: CronTriggerDeclaration,
    private readonly clock: CronClock = PROCESS_CLOCK,
  ) {
    this.id = declaration.id;
  }

  async run(host: TriggerHost): Promise<void> {
    const { everyMs } = this.declaration.options;
    const { signal, metrics } = host;
    let last = this.clock.now();
    while (!signal.aborted) {
      const planned = plannedTimes({ everyMs, offsetMs: 0 }, last).next().value!;
      // Only the newest planned event is delivered; the planned events before it count as missed.
      const missed = Math.floor((this.clock.now() - planned) / everyMs);
      if (missed > 0) {
        metrics.count('lost', missed);
        last += missed * everyMs;
        continue;
      }
      await this.waitFor(planned, signal);
      if (signal.aborted) return;
      await this.deliver(planned, host);
      last = planned;
    }
  }

  private async waitFor(time: number, signal: AbortSignal): Promise<void> {
    // A timer may fire slightly early, and the clock may be set.
    for (let left = time - this.clock.now(); left > 0 && !signal.aborted; left = time - this.clock.now())
      await this.clock.sleep(Math.min(left, LONGEST_SLEEP_MS), signal);
  }

  private async deliver(planned: number, { accept, signal, trouble }: TriggerHost): Promise<void> {
    const at = new Date(planned).toISOString();
    const event: TriggerEvent = {
      key: at,
      body: this.declaration.options.parameters,
      link: { planned: at },
    };
    const acceptances = await again(() => accept([event]), {
      backOff: BACK_OFF,
      isFinal: (error) => !SelvageError.is(error),
      onFailure: (error) => trouble(error as SelvageError),
      signal,
      wait: (ms) => this.clock.sleep(ms, signal),
    });
    const accepted = acceptances?.[0];
    // Refused parameters would be refused again each time, until somebody corrects them.
    if (acceptances) trouble(accepted?.status === 'refused' ? accepted.error : undefined);
  }
}
