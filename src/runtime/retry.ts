import { SelvageError, Terminal, isOfClass } from '../errors';
import type { RetryPolicy } from '../authoring/records';
import { backOff } from '../values/back-off';
import { waitAskedBy } from '../values/duration';
import { errorType, isNonRetryable } from './exception-record';

const DEFAULT_INITIAL_INTERVAL_MS = 1_000;
const DEFAULT_BACKOFF = 2;

/** Undefined if retries are spent or cannot help. @param throws number of throws in this run, including this one */
export function retryDelay(
  policy: RetryPolicy<number> | undefined,
  throws: number,
  error: unknown,
): number | undefined {
  // Calling the body again would fail in the same way as before.
  if (Terminal.is(error) || isOfClass(error, 'outcome')) return undefined;
  if (SelvageError.is(error, 'InvalidInput') || SelvageError.is(error, 'InvalidSql')) return undefined;
  if (isNonRetryable(error)) return undefined;
  if (throws >= (policy?.maximumAttempts ?? 1)) return undefined;
  if (policy?.nonRetryableErrors?.includes(errorType(error))) return undefined;
  // Sending an invalid number to the server would end the worker.
  const asked = waitAskedBy(error);
  if (asked !== undefined) return Math.round(asked);
  const initial = policy?.initialInterval ?? DEFAULT_INITIAL_INTERVAL_MS;
  const { maximumInterval = initial * 100, backoffCoefficient: factor = DEFAULT_BACKOFF } = policy ?? {};
  return Math.round(backOff({ base: initial, factor, max: maximumInterval }, throws - 1));
}
