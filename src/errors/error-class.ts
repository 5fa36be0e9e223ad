import { ERROR_CODES, isErrorCode, type ErrorClass } from './codes';
import { SelvageError } from './selvage-error';

/** Whether an error is a Selvage error of one of these classes, which say whether a retry can help. */
export function isOfClass(error: unknown, ...classes: readonly ErrorClass[]): error is SelvageError {
  const errorClass = classOf(error);
  return errorClass !== undefined && classes.includes(errorClass);
}

/** The class of a Selvage error; undefined for any other error. */
export function classOf(error: unknown): ErrorClass | undefined {
  // Another copy of the package may know codes that this one does not.
  return SelvageError.is(error) && isErrorCode(error.code) ? ERROR_CODES[error.code].class : undefined;
}

/**
 * Whether a backend cannot do its work now, or this process lacks a key for it. Callers wait until that is over, and no
 * body loses an attempt.
 */
export function isBackendTrouble(error: unknown): boolean {
  return isOfClass(error, 'backend', 'key');
}
