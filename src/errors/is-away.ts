import { SelvageError } from './selvage-error';

/** Whether a server, Temporal's or a backend's, is unreachable: the same call may succeed later without a fix. */
export function isAway(error: unknown): error is SelvageError {
  return SelvageError.is(error) && error.details['away'] === true;
}
