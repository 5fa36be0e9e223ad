import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
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
import type { ChildWorld, World } from './world';

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
export function localFirst<A extends object>(world: ChildWorld): A {
  return callsOf<A>(async (activity, request) => {
    try {
      // The server does not see the attempts of local activities.
      const options = { ...SYSTEM_ACTIVITY_OPTIONS, retry: { maximumAttempts: 1 } };
      return await world.callHere(activity, options, request);
    } catch (error) {
      if (!isTriedAgain(error)) throw error;
      return await world.call(activity, SYSTEM_ACTIVITY_OPTIONS, request);
    }
  });
}

/** Activities as functions, by their names. */
function callsOf<A extends object>(call: (activity: string, request: object) => Promise<unknown>): A {
  return new Proxy({} as A, { get: (_, activity) => (request: object) => call(activity as string, request) });
}

/** A local activity's failure lacks the wrapper of other activities' failures, except for a timeout. */
function isTriedAgain(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && !cause.nonRetryable);
}

/** The activities that the interpreter calls in its first step and its last. */
export const systemOf = (world: World): SystemActivities => localFirst<SystemActivities>(world);

/**
 * The activities that the interpreter calls in between, beside running bodies. These are not local: if a local activity
 * ends while a query of the same workflow task is being answered, the SDK writes its result into the history and
 * delivers it with the next task, together with what arrived meanwhile. A replay delivers it first, and then the
 * commands have another order.
 */
export function systemAmid(world: World, { heartbeatTimeoutMs }: RunLimits): SystemActivities {
  // They are quick, so this is the time after which a lost worker is noticed.
  const options = { ...SYSTEM_ACTIVITY_OPTIONS, startToCloseTimeout: heartbeatTimeoutMs };
  return callsOf((activity, request) => world.call(activity, options, request));
}

/**
 * An unknown tapestry or plan means a deploy that has not arrived yet: the task fails, and the run waits for it. If a
 * query came with the task, the SDK has written the refusal into the history nevertheless; the replayed call is over,
 * so it is made again. The message begins with the code, as in `requireKnownBehaviour`.
 */
export async function failTaskIfUnknown<T>(world: ChildWorld, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      // A local activity's failure lacks the wrapper of other activities' failures.
      const cause = error instanceof ActivityFailure ? error.cause : error;
      if (!(cause instanceof ApplicationFailure)) throw error;
      if (!isErrorCode(cause.type) || ERROR_CODES[cause.type].class !== 'deploy')
        throw ApplicationFailure.nonRetryable(cause.message, cause.type, ...(cause.details ?? []));
      if (!world.isReplaying()) throw new Error(`${cause.type}: ${cause.message}`);
    }
  }
}
