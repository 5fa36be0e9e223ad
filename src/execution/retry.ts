import { Retryable, SelvageError, Terminal } from '../errors';
import type { RetryPolicy } from '../model/records';
import { errorType } from './exception-record';

const DEFAULT_INITIAL_INTERVAL_MS = 1_000;
const DEFAULT_BACKOFF = 2;

/** Another call of the body comes to the same: the inputs fail the same schema again, what is over stays as it is. */
const FINAL = ['InvalidInput', 'SubRunFailed', 'LoopLimit'] as const;

/**
 * Milliseconds after which a body that threw is tried again, or undefined when its retries are spent or cannot help.
 *
 * @param throws how often the body has thrown in this run, this time included
 */
export function retryDelay(
  policy: RetryPolicy | undefined,
  throws: number,
  error: unknown,
): number | undefined {
  if (Terminal.is(error) || FINAL.some((code) => SelvageError.is(error, code))) return undefined;
  // What Temporal's own `ApplicationFailure.nonRetryable` says.
  if ((error as { nonRetryable?: unknown } | null | undefined)?.nonRetryable === true) return undefined;
  if (throws >= (policy?.maximumAttempts ?? 1)) return undefined;
  if (policy?.nonRetryableErrors?.includes(errorType(error))) return undefined;
  // A time that is none would end the worker that sends it.
  if (Retryable.is(error) && Number.isFinite(error.after)) return Math.max(0, Math.round(error.after));
  const initial = policy?.initialInterval ?? DEFAULT_INITIAL_INTERVAL_MS;
  const delay = initial * (policy?.backoffCoefficient ?? DEFAULT_BACKOFF) ** (throws - 1);
  return Math.round(Math.min(delay, policy?.maximumInterval ?? initial * 100));
}
