/** Stands in for src/workflows/heartbeat-timeout.ts in a bundle of its own, so that a lost worker need not be waited for so long. */
export const HEARTBEAT_TIMEOUT_MS = 6_000;
