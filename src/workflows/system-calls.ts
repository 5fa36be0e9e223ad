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
  /** Answers in the order of the request. */
  [CHECK_ACTIVITY](request: SignalCheckRequest): Promise<readonly SignalCheck[]>;
}

/**
 * Calls activities when nothing else is running: as local ones, which cost the server nothing. A call that cannot be
 * done now continues as a regular activity. A regular activity shows in Temporal why the run waits, and is retried.
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

function callsOf<A extends object>(call: (activity: string, request: object) => Promise<unknown>): A {
  return new Proxy({} as A, { get: (_, activity) => (request: object) => call(activity as string, request) });
}

/** Failures of local activities have no wrapper, except timeouts. */
function isTriedAgain(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && !cause.nonRetryable);
}

/** Calls for the interpreter's first and last step. */
export const systemOf = (world: World): SystemActivities => localFirst<SystemActivities>(world);

/**
 * Calls for the interpreter between first and last step, never local. If a local activity ends while the same task
 * answers a query, the SDK delivers its result with the next task, after other arrivals. A replay delivers that result
 * first, and then the commands have another order.
 */
export function systemAmid(world: World, { heartbeatTimeoutMs }: RunLimits): SystemActivities {
  // These activities are quick, so their timeout is when a lost worker is noticed.
  const options = { ...SYSTEM_ACTIVITY_OPTIONS, startToCloseTimeout: heartbeatTimeoutMs };
  return callsOf((activity, request) => world.call(activity, options, request));
}

/**
 * An unknown tapestry or plan means a missing deploy: the task fails, and the run waits. If the task also answered
 * a query, the SDK has recorded the refusal nevertheless, so after replay the call is made again. The message
 * begins with the code, as in `requireKnownBehaviour`.
 */
export async function failTaskIfUnknown<T>(world: ChildWorld, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      // Failures of local activities have no wrapper.
      const cause = error instanceof ActivityFailure ? error.cause : error;
      if (!(cause instanceof ApplicationFailure)) throw error;
      if (!isErrorCode(cause.type) || ERROR_CODES[cause.type].class !== 'deploy')
        throw ApplicationFailure.nonRetryable(cause.message, cause.type, ...(cause.details ?? []));
      if (!world.isReplaying()) throw new Error(`${cause.type}: ${cause.message}`);
    }
  }
}
