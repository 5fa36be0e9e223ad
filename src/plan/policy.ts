import { DEFAULT_CANCEL_GRACE_MS } from './limits';
import type { ErrorPolicy, KnotOptions, Limit, ReadKnotOptions, RetryPolicy } from '../authoring/records';
import type { PlanData, PlanLimit, PlanPolicy } from './plan';

const DEFAULT_INITIAL_INTERVAL_MS = 1_000;
const DEFAULT_BACKOFF_COEFFICIENT = 2;
const DEFAULT_MAXIMUM_INTERVAL_FACTOR = 100;
const DEFAULT_PRIORITY = 3;

/** Removes defaults, so that stating and omitting them give one plan. `limitKey` is for limits without a key. */
export function policyOf(options: ReadKnotOptions, limitKey: string): PlanPolicy {
  const retry = options.retry && retryOf(options.retry);
  const { dispatcher, errorPolicy = 'skipIfParentFailed', priority = DEFAULT_PRIORITY } = options;
  const maxConcurrent = limitOf(options.maxConcurrent, limitKey);
  const ratePerSecond = limitOf(options.ratePerSecond, limitKey);
  // A limited knot may have to wait. In a segment a limited knot would hold up others and occupy a worker slot.
  const isLocal = dispatcher?.kind === 'local' && !maxConcurrent && !ratePerSecond;
  const taskQueue = dispatcher?.kind === 'queue' ? dispatcher.taskQueue : undefined;
  return {
    ...(errorPolicy !== 'skipIfParentFailed' && { errorPolicy }),
    ...(retry && { retry }),
    ...(options.timeout !== undefined && { timeout: options.timeout }),
    ...(options.cancelGrace !== undefined &&
      options.cancelGrace !== DEFAULT_CANCEL_GRACE_MS && { cancelGrace: options.cancelGrace }),
    ...(taskQueue !== undefined && { taskQueue }),
    ...(isLocal && { local: true as const }),
    ...(options.onCodeChange === 'wait' && { onCodeChange: 'wait' as const }),
    ...(maxConcurrent && { maxConcurrent }),
    ...(ratePerSecond && { ratePerSecond }),
    ...(priority !== DEFAULT_PRIORITY && { priority }),
    ...(options.validate === false && { validate: false as const }),
    ...(options.logs === false && { logs: false as const }),
  };
}

export function dataOf({ reads, writes, columns }: KnotOptions<ErrorPolicy>): PlanData | undefined {
  if (reads === undefined && writes === undefined && columns === undefined) return undefined;
  return {
    ...(reads && { reads: [reads].flat() }),
    ...(writes && { writes: [writes].flat() }),
    ...(columns && { columns }),
  };
}

function limitOf(limit: Limit | undefined, defaultKey: string): PlanLimit | undefined {
  return typeof limit === 'number'
    ? { key: defaultKey, limit }
    : limit && { key: limit.key, limit: limit.limit };
}

function retryOf(retry: RetryPolicy<number>): RetryPolicy<number> | undefined {
  const {
    maximumAttempts = 1,
    backoffCoefficient = DEFAULT_BACKOFF_COEFFICIENT,
    nonRetryableErrors = [],
  } = retry;
  if (maximumAttempts === 1) return undefined;
  const { initialInterval = DEFAULT_INITIAL_INTERVAL_MS } = retry;
  const defaultMaximum = DEFAULT_MAXIMUM_INTERVAL_FACTOR * initialInterval;
  const { maximumInterval = defaultMaximum } = retry;
  return {
    maximumAttempts,
    ...(initialInterval !== DEFAULT_INITIAL_INTERVAL_MS && { initialInterval }),
    ...(backoffCoefficient !== DEFAULT_BACKOFF_COEFFICIENT && { backoffCoefficient }),
    ...(maximumInterval !== defaultMaximum && { maximumInterval }),
    ...(nonRetryableErrors.length > 0 && { nonRetryableErrors: [...nonRetryableErrors] }),
  };
}
