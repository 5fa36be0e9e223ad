import { SelvageError } from './selvage-error';

/**
 * A server (Temporal's or a backend's) is unreachable, so the call may succeed later by itself. False if somebody
 * must fix something.
 */
export function isAway(error: unknown): error is SelvageError {
  return SelvageError.is(error) && error.details['away'] === true;
}
