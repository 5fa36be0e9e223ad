import { HOLD_BYTES, HOLD_EVENTS, SETTLED_PER_EXECUTION } from '../plan';
import { SelvageError } from '../errors';

/**
 * Limits that determine what a run's workflow does. The run's first step pins them and passes them to later executions
 * and child runs. So a version with other defaults replays what an older one began, and no worker option changes them.
 */
export interface RunLimits {
  /** From this many events on, an execution dispatches nothing more, waits until nothing runs and continues as new. */
  readonly holdEvents: number;
  /** The same, by the size of the history. */
  readonly holdBytes: number;
  /** Number of knots that an execution settles before it heeds the server's suggestion to continue. */
  readonly settledPerExecution: number;
  /** Plans that may take more events than this run their slow knots as child runs. */
  readonly childRunsFromEvents: number;
  /**
   * Milliseconds until child runs of earlier executions are first asked whether they still exist. The interval doubles
   * with each check, up to the longest.
   */
  readonly firstCheckMs: number;
  readonly longestCheckMs: number;
  /** After this many signals an execution dispatches nothing more, so that it can continue as new. */
  readonly signalsToHold: number;
  /**
   * Most signals by update that an execution accepts; further ones go to the next. The server allows 2,000 updates per
   * execution.
   */
  readonly signalsAtMost: number;
  /** After this many signals an execution continues as new when nothing is running. */
  readonly signalsToContinue: number;
  /**
   * Most signals kept untaken: all of them go to the next execution in one payload, which the server limits to 2 MiB.
   */
  readonly keptSignals: number;
  /** Most signals whose answers are remembered for repeated sends; the next execution gets them in the same payload. */
  readonly rememberedSignals: number;
  /**
   * Milliseconds without a heartbeat after which the server considers a worker lost and gives its activities to
   * another.
   */
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
  signalsAtMost: 1_900,
  signalsToContinue: 500,
  keptSignals: 5_000,
  rememberedSignals: 5_000,
  heartbeatTimeoutMs: 30_000,
};

/**
 * The limits of a run, with those that its starter overrides.
 *
 * @throws SelvageError `InvalidConfig` for an unknown name, or a value that is not a positive integer
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
