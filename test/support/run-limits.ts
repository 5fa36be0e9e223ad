/** Limits of runs, for `runLimits` of a client, that are reached in seconds. */
import type { RunLimits } from '../../src/workflows/run-limits';

/** A test need not fill a real history: an execution ends at some thousand events. */
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

/** A lost worker need not be waited for so long. Workers should send beats as often as {@link OFTEN_BEATING} says. */
export const SHORT_HEARTBEAT_TIMEOUT = { heartbeatTimeoutMs: 4_000 } as const satisfies Partial<RunLimits>;

/** For workers whose runs have a short heartbeat timeout: by default the SDK holds beats back for most of it, and a late one is missed. */
export const OFTEN_BEATING = { maxHeartbeatThrottleInterval: 1_000 } as const;
