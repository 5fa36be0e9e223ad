import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { ERROR_CODES, isErrorCode } from '../errors';
import type {
  CHECK_ACTIVITY,
  EXTEND_ACTIVITY,
  ExtendRequest,
  ExtendResult,
  LAYOUT_ACTIVITY,
  LayoutRequest,
  LOOKUP_ACTIVITY,
  LookupRequest,
  LookupResult,
  BEGIN_RUN_ACTIVITY,
  BeginRunRequest,
  BeginRunResult,
  RunEnded,
  FINISH_RUN_ACTIVITY,
  FinishRunRequest,
  FinishRunResult,
  SignalCheck,
  SignalCheckRequest,
  WAIT_ACTIVITY,
  WaitEnd,
  WaitRequest,
} from './messages';
import type { RunLimits } from './run-limits';

/** Options of the activities that the interpreter and child runs need for themselves. */
const SYSTEM_ACTIVITY_OPTIONS = {
  startToCloseTimeout: 60_000,
  retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 30_000 },
} as const;

export interface SystemActivities {
  [BEGIN_RUN_ACTIVITY](request: BeginRunRequest): Promise<BeginRunResult | RunEnded>;
  [EXTEND_ACTIVITY](request: ExtendRequest): Promise<ExtendResult>;
  [LAYOUT_ACTIVITY](request: LayoutRequest): Promise<{ slices: number; layout: string }>;
  [LOOKUP_ACTIVITY](request: LookupRequest): Promise<LookupResult>;
  [FINISH_RUN_ACTIVITY](request: FinishRunRequest): Promise<FinishRunResult>;
  [WAIT_ACTIVITY](request: WaitRequest): Promise<WaitEnd>;
  /** Returns results in the order of the request. */
  [CHECK_ACTIVITY](request: SignalCheckRequest): Promise<readonly SignalCheck[]>;
}

/**
 * Activities that a workflow calls when nothing else is running: local activities, which cost the server nothing. If
 * one cannot be done now, it continues as a regular activity, which shows anyone who looks at the run why it waits, and
 * retries until it is done.
 */
export function localFirst<A extends object>(): A {
  type Calls = Readonly<Record<string, (request: unknown) => Promise<unknown>>>;
  const local = proxyLocalActivities({
    ...SYSTEM_ACTIVITY_OPTIONS,
    // The server does not see the attempts of local activities.
    retry: { maximumAttempts: 1 },
  }) as Calls;
  const known = proxyActivities(SYSTEM_ACTIVITY_OPTIONS) as Calls;
  return new Proxy({} as A, {
    get: (_, type) => async (request: unknown) => {
      const call = type as string;
      try {
        return await local[call]!(request);
      } catch (error) {
        if (!isTriedAgain(error)) throw error;
        return await known[call]!(request);
      }
    },
  });
}

/** A local activity's failure lacks the wrapper of other activities' failures, except for a timeout. */
function isTriedAgain(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && !cause.nonRetryable);
}

/** The activities that the interpreter calls in its first step and its last. */
export const system = localFirst<SystemActivities>();

/**
 * The activities that the interpreter calls in between, beside running bodies. These are not local: if a local activity
 * ends while a query of the same workflow task is being answered, the SDK writes its result into the history and
 * delivers it with the next task, together with what arrived meanwhile. A replay delivers it first, and then the
 * commands have another order.
 */
export function systemAmid({ heartbeatTimeoutMs }: RunLimits): SystemActivities {
  return proxyActivities<SystemActivities>({
    ...SYSTEM_ACTIVITY_OPTIONS,
    // They are quick, so this is the time after which a lost worker is noticed.
    startToCloseTimeout: heartbeatTimeoutMs,
  });
}

/**
 * An unknown tapestry or plan means a deploy that has not arrived yet: the task fails, and the run waits for it. If a
 * query came with the task, the SDK has written the refusal into the history nevertheless; the replayed call is over,
 * so it is made again. The message begins with the code, as in `requireKnownBehaviour`.
 */
export async function failTaskIfUnknown<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      // A local activity's failure lacks the wrapper of other activities' failures.
      const cause = error instanceof ActivityFailure ? error.cause : error;
      if (!(cause instanceof ApplicationFailure)) throw error;
      if (!isErrorCode(cause.type) || ERROR_CODES[cause.type].class !== 'deploy')
        throw ApplicationFailure.nonRetryable(cause.message, cause.type, ...(cause.details ?? []));
      if (!workflowInfo().unsafe.isReplaying) throw new Error(`${cause.type}: ${cause.message}`);
    }
  }
}
