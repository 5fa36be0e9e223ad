import {
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
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
  PIN_ACTIVITY,
  PinRequest,
  PinResult,
  RunEnded,
  SETTLE_ACTIVITY,
  SettleRequest,
  SettleResult,
  SignalCheck,
  SignalCheckRequest,
  WAIT_ACTIVITY,
  WaitEnd,
  WaitRequest,
} from './messages';
import type { RunLimits } from './run-limits';

/** Of the local activities that the interpreter and child runs ask a worker for. */
export const SYSTEM_ACTIVITY_OPTIONS = {
  startToCloseTimeout: 60_000,
  retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 30_000 },
} as const;

export interface SystemActivities {
  [PIN_ACTIVITY](request: PinRequest): Promise<PinResult | RunEnded>;
  [EXTEND_ACTIVITY](request: ExtendRequest): Promise<ExtendResult>;
  [LAYOUT_ACTIVITY](request: LayoutRequest): Promise<{ slices: number; layout: string }>;
  [LOOKUP_ACTIVITY](request: LookupRequest): Promise<LookupResult>;
  [SETTLE_ACTIVITY](request: SettleRequest): Promise<SettleResult>;
  [WAIT_ACTIVITY](request: WaitRequest): Promise<WaitEnd>;
  [CHECK_ACTIVITY](request: SignalCheckRequest): Promise<SignalCheck>;
}

/** What the interpreter asks of a worker in its first step and its last, when nothing else is under way. */
export const system = proxyLocalActivities<SystemActivities>(SYSTEM_ACTIVITY_OPTIONS);

/**
 * What the interpreter asks of a worker between these two, beside running bodies. Not by local activities: where one ends while a query of the
 * same workflow task is being answered, the SDK writes its answer into the history and delivers it with the next task, together with what came
 * meanwhile. A replay delivers it first, and then the commands come in another order.
 */
export function systemAmid({ heartbeatTimeoutMs }: RunLimits): SystemActivities {
  return proxyActivities<SystemActivities>({
    ...SYSTEM_ACTIVITY_OPTIONS,
    // They take no time to speak of: so this is when a lost worker is missed.
    startToCloseTimeout: heartbeatTimeoutMs,
  });
}

/** What a worker that is set up otherwise may do. */
const MENDED_BY_A_DEPLOY: ReadonlySet<string> = new Set([
  'UnknownTapestry',
  'InvalidPlan',
  'BackendsDiffer',
  'InlineLimitDiffers',
]);

/**
 * An unknown tapestry or plan is a deploy that has not come yet: the task fails, and the run waits for it. Where a query came with
 * the task, the SDK has written the refusal into the history all the same; what is replayed is over, and is asked again. The message
 * begins with the code, as in `requireKnownBehaviour`.
 */
export async function failTaskIfUnknown<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      // The failure of a local activity comes without the wrapper that other activities have.
      const cause = error instanceof ActivityFailure ? error.cause : error;
      if (!(cause instanceof ApplicationFailure)) throw error;
      if (!MENDED_BY_A_DEPLOY.has(cause.type ?? ''))
        throw ApplicationFailure.nonRetryable(cause.message, cause.type, ...(cause.details ?? []));
      if (!workflowInfo().unsafe.isReplaying) throw new Error(`${cause.type}: ${cause.message}`);
    }
  }
}
