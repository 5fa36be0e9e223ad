/** Limits of runs, for `runLimits` of a client, that are reached in seconds. */
import type { RunLimits } from '../../src/workflows/run-limits';

/** Executions end at some thousand events, so that tests need not fill a real history. */
export const LOW_HISTORY_BUDGET = {
  holdEvents: 1_500,
  childRunsFromEvents: 3_000,
  firstCheckMs: 500,
  longestCheckMs: 500,
  signalsToHold: 60,
  signalsAtMost: 80,
  signalsToContinue: 20,
  keptSignals: 70,
} as const satisfies Partial<RunLimits>;

/** Runs of some dozens of knots continue as new. */
export const TIGHT_HISTORY_BUDGET = {
  ...LOW_HISTORY_BUDGET,
  holdEvents: 120,
  childRunsFromEvents: 120,
} as const satisfies Partial<RunLimits>;

/** Shortens the wait for lost workers. Workers need heartbeats as often as {@link OFTEN_BEATING} says. */
export const SHORT_HEARTBEAT_TIMEOUT = { heartbeatTimeoutMs: 4_000 } as const satisfies Partial<RunLimits>;

/** For workers with a short heartbeat timeout: by default, the SDK delays heartbeats for most of it. */
export const OFTEN_BEATING = { maxHeartbeatThrottleInterval: 1_000 } as const;
