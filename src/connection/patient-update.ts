import { setTimeout as delay } from 'node:timers/promises';
import { isForLater, isStepFailing } from './update-failure';
import { backOff, type BackOff } from '../values/back-off';

/** How long an update of a run is retried by default. */
export const UPDATE_PATIENCE_MS = 60_000;

const BACK_OFF: BackOff = { base: 50, max: 1_000 };
/** An answer that took longer waited for a worker. */
const WAITED_MS = 5_000;

interface Patience {
  /**
   * Milliseconds since the epoch. If omitted, it waits for a worker without limit, and for anything else one minute from its first
   * occurrence.
   */
  readonly giveUpAt?: number;
  /** Whether to retry for another reason. May throw an error to be thrown instead. */
  readonly mayTryAgain?: (error: unknown) => Promise<boolean>;
}

/**
 * Sends an update, and retries while the server refuses it temporarily or there is no worker.
 *
 * @throws the last error
 */
export async function updatePatiently<Answer>(
  send: () => Promise<Answer>,
  { giveUpAt, mayTryAgain }: Patience = {},
): Promise<Answer> {
  let end = giveUpAt;
  for (let failures = 0; ; failures++) {
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
    await delay(backOff(BACK_OFF, failures));
  }
}
