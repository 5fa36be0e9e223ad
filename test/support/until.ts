import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, and names it if it does not come true in time. The limit is only a safety net. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  limitMs = 120_000,
): Promise<NonNullable<T>> {
  const giveUpAt = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() >= giveUpAt) throw new Error(`Waited ${limitMs / 1000} s in vain until ${what}.`);
    await sleep(25);
  }
}
