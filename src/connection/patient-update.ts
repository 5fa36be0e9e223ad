import { setTimeout as delay } from 'node:timers/promises';
import { isForLater, isStepFailing } from './update-failure';
import { backOff, type BackOff } from '../values/back-off';

export const UPDATE_PATIENCE_MS = 60_000;

const BACK_OFF: BackOff = { base: 50, max: 1_000 };
/** Time of an answer; one that took longer waited for a worker. */
const WAITED_MS = 5_000;

interface Patience {
  /** When to give up, in milliseconds since the epoch; by default never for lack of a worker, else after a minute. */
  readonly giveUpAt?: number;
  /** Decides whether to retry after another error, and may throw a better one. */
  readonly mayTryAgain?: (error: unknown) => Promise<boolean>;
}

/** Retries an update while the server refuses it temporarily, or there is no worker. Throws the last error. */
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
