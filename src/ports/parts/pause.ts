import { setTimeout as delay } from 'node:timers/promises';

/** Ends early if the signal is aborted. Never rejects. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal && { signal }).catch(() => undefined);
}

/**
 * What the promise comes to, if that is in time. What it comes to later is ignored.
 *
 * @throws what `late` makes after this time
 */
export async function inTime<T>(promise: T | Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the promise comes to, or undefined after this time. What it comes to later is ignored. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const stop = new AbortController();
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, pause(ms, stop.signal).then(() => undefined)]);
  } finally {
    stop.abort();
  }
}
