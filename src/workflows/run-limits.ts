import { HOLD_BYTES, HOLD_EVENTS, SETTLED_PER_EXECUTION } from '../plan';
import { SelvageError } from '../errors';

/**
 * The run's first step pins these limits and passes them to later executions and child runs. A version with other
 * defaults therefore replays older runs, and no worker option changes a run's limits.
 */
export interface RunLimits {
  /** From this many events on, an execution dispatches nothing more, and continues as new when nothing runs. */
  readonly holdEvents: number;
  /** From this many bytes on, an execution dispatches nothing more, and continues as new when nothing runs. */
  readonly holdBytes: number;
  /** Number of knots that an execution settles before it follows the server's suggestion to continue as new. */
  readonly settledPerExecution: number;
  /** Plans that may take more events than this run their slow knots as child runs. */
  readonly childRunsFromEvents: number;
  /** Milliseconds to the first check of earlier child runs. The pause between checks doubles, up to the longest. */
  readonly firstCheckMs: number;
  readonly longestCheckMs: number;
  /** After this many signals, an execution dispatches nothing more, to continue as new. */
  readonly signalsToHold: number;
  /** Limit of signals by update per execution; further ones go to the next. The server allows 2,000 updates. */
  readonly signalsAtMost: number;
  /** After this many signals, an execution continues as new when nothing runs. */
  readonly signalsToContinue: number;
  /** At most this many untaken signals: they go to the next execution in one payload, at most 2 MiB. */
  readonly keptSignals: number;
  /** At most this many answered signals to remember for repeated sends, in the same payload. */
  readonly rememberedSignals: number;
  /** Milliseconds without a heartbeat after which the server gives a worker's activities to another. */
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
 * The defaults, with the starter's. Throws `InvalidConfig` for unknown names and other values than positive
 * integers.
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
