/**
 * Wait before try `attempt` (from 1), in milliseconds: doubles from half a second to at most half a minute.
 * Chance shortens it by up to a half, so that all pages do not call a returning server at once.
 *
 * @param chance from 0 to 1
 */
export function waitBefore(attempt: number, chance: number): number {
  const whole = Math.min(30_000, 500 * 2 ** Math.min(attempt - 1, 10));
  return whole * (1 - chance / 2);
}
