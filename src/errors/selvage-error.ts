import type { ErrorCode } from './codes';
import { isMarked } from './marked';

const SELVAGE_ERROR = Symbol.for('selvage.error');

export interface SelvageErrorOptions {
  /** The culprits by role (`knot`, `input`, `path`, `file`, `address`, …), for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * The one class of errors that Selvage throws. The message says what is wrong, where, and how to fix it. `code` is
 * stable and has a section in the documentation: `docs/errors.md`.
 *
 * Use {@link SelvageError.is}, not `instanceof`: the error may come from another realm (a workflow or test sandbox)
 * or another copy of this package.
 */
export class SelvageError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: SelvageErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, SELVAGE_ERROR, { value: true });
  }

  /** True for Selvage errors of any realm and copy of the package. If `code` is given, true only for that code. */
  static is(error: unknown, code?: ErrorCode): error is SelvageError {
    return isMarked(error, SELVAGE_ERROR) && (code === undefined || (error as SelvageError).code === code);
  }
}
