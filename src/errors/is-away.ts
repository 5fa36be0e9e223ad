import { SelvageError } from './selvage-error';

/**
 * Whether an error says that a server (the Temporal server, or a backend's) is unreachable, so that the same call may
 * succeed later by itself. False if somebody has to fix something first.
 */
export function isAway(error: unknown): error is SelvageError {
  return SelvageError.is(error) && error.details['away'] === true;
}
