import { setTimeout as delay } from 'node:timers/promises';
import { isForLater, isStepFailing } from './update-failure';

/** How long an update of a run is sent again and again, where nobody says otherwise. */
export const UPDATE_PATIENCE_MS = 60_000;

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** What was sent and answered no sooner has waited for a worker meanwhile. */
const WAITED_MS = 5_000;

export interface Patience {
  /** Milliseconds since the epoch. Absent: it waits for a worker without bound, and for anything else a minute from the first time after that on. */
  readonly giveUpAt?: number;
  /** Whether it is to be sent again for another reason; may throw what is to be thrown in place of the error. */
  readonly mayTryAgain?: (error: unknown) => Promise<boolean>;
}

/**
 * Sends an update, again and again while the server does not let it in and would in a moment, or when there is a worker again.
 *
 * @throws what it has failed of at last
 */
export async function updatePatiently<Answer>(
  send: () => Promise<Answer>,
  { giveUpAt, mayTryAgain }: Patience = {},
): Promise<Answer> {
  let end = giveUpAt;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const sentAt = Date.now();
    try {
      return await send();
    } catch (error) {
      const waitsForWorker = isStepFailing(error);
      if (waitsForWorker || Date.now() - sentAt >= WAITED_MS) end = giveUpAt;
      if (!waitsForWorker) {
        if (!isForLater(error) && !(await mayTryAgain?.(error))) throw error;
        end ??= Date.now() + UPDATE_PATIENCE_MS;
      }
      if (end !== undefined && Date.now() >= end) throw error;
    }
    await delay(pause);
  }
}
