import { ERROR_CODES, isErrorCode, type ErrorClass } from './codes';
import { SelvageError } from './selvage-error';

/** A Selvage error of one of these classes, which say whether a retry can help. */
export function isOfClass(error: unknown, ...classes: readonly ErrorClass[]): error is SelvageError {
  const errorClass = classOf(error);
  return errorClass !== undefined && classes.includes(errorClass);
}

/** The class of an error; undefined for other errors than Selvage's. */
export function classOf(error: unknown): ErrorClass | undefined {
  // Another copy of the package may know further codes.
  return SelvageError.is(error) && isErrorCode(error.code) ? ERROR_CODES[error.code].class : undefined;
}

/** A backend cannot work now, or this process lacks its key. Callers wait, and no body loses an attempt. */
export function isBackendTrouble(error: unknown): boolean {
  return isOfClass(error, 'backend', 'key');
}
