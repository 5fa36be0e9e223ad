import { HOLD_BYTES, HOLD_EVENTS, SETTLED_PER_EXECUTION } from '../engine';
import { SelvageError } from '../errors';

/**
 * Limits that decide what a run's workflow does. The run's first step pins them; its later executions and its child runs are told them. So a
 * version with other defaults replays what an older one began, and no option of a worker changes them.
 */
export interface RunLimits {
  /** From so many events on, an execution dispatches nothing more, comes to rest and continues as new. */
  readonly holdEvents: number;
  /** Likewise, by the size of the history. */
  readonly holdBytes: number;
  /** So many knots an execution settles at least before it heeds the server's suggestion to continue. */
  readonly settledPerExecution: number;
  /** Plans that may take more events than this have their slow knots in child runs. */
  readonly childRunsFromEvents: number;
  /**
   * How soon, in milliseconds, child runs of earlier executions are asked whether they are still there. The time doubles with each check, up to
   * the longest.
   */
  readonly firstCheckMs: number;
  readonly longestCheckMs: number;
  /** After so many signals an execution dispatches nothing more. The server takes 2,000 updates of one. */
  readonly signalsToHold: number;
  /** After so many signals an execution continues at the next moment of rest. */
  readonly signalsToContinue: number;
  /** Signals that no knot has taken: all of them go to the next execution in one payload, which the server takes up to 2 MiB. */
  readonly keptSignals: number;
  /** After so many milliseconds without a beat the server takes a worker for lost, and gives its activities to another. */
  readonly heartbeatTimeoutMs: number;
}

const DEFAULT_RUN_LIMITS: RunLimits = {
  holdEvents: HOLD_EVENTS,
  holdBytes: HOLD_BYTES,
  settledPerExecution: SETTLED_PER_EXECUTION,
  childRunsFromEvents: HOLD_EVENTS,
  firstCheckMs: 60_000,
  longestCheckMs: 3_600_000,
  signalsToHold: 1_500,
  signalsToContinue: 500,
  keptSignals: 5_000,
  heartbeatTimeoutMs: 30_000,
};

/**
 * The limits of a run whose starter wants some of them otherwise.
 *
 * @throws SelvageError `InvalidConfig` for an unknown name, and for what is not a whole number above 0
 */
export function runLimits(wanted: Partial<RunLimits> = {}): RunLimits {
  for (const [name, limit] of Object.entries(wanted)) {
    if (Object.hasOwn(DEFAULT_RUN_LIMITS, name) && Number.isSafeInteger(limit) && limit > 0) continue;
    throw new SelvageError(
      'InvalidConfig',
      `The limit ${name} of a run is ${JSON.stringify(limit)}. Known are ${Object.keys(DEFAULT_RUN_LIMITS).join(', ')}; each is a whole number above 0.`,
      {
        details: {
          limit: name,
          reason: Object.hasOwn(DEFAULT_RUN_LIMITS, name) ? 'WrongValue' : 'UnknownOption',
        },
      },
    );
  }
  return { ...DEFAULT_RUN_LIMITS, ...wanted };
}
