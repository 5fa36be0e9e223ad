import { setTimeout as delay } from 'node:timers/promises';
import type { Selvage } from '../client';
import type { Output } from './output';

/** A worker that is told to stop gives its bodies 5 s, and some more to commit what they did. */
const DRAIN_LIMIT_MS = 15_000;

/** A body that does not hear of its signal must not keep the command for ever; its knot is run again elsewhere. */
export async function closeInTime(selvage: Selvage, output: Output): Promise<void> {
  const limit = new AbortController();
  const isClosed = await Promise.race([
    selvage.close().then(() => true),
    delay(DRAIN_LIMIT_MS, false, { signal: limit.signal, ref: false }),
  ]);
  limit.abort();
  if (isClosed) return;
  output.warn(
    `A body did not end within ${DRAIN_LIMIT_MS / 1000} s; it is left, and runs again in the next worker.`,
  );
}
