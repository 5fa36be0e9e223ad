export { ERROR_CODES, isErrorCode, presentCode, type ErrorClass, type ErrorCode } from './codes';
export { docsOf } from './docs-of';
export { classOf, isBackendTrouble, isOfClass } from './error-class';
export {
  ERROR_REASONS,
  PARAMETER_PROBLEMS,
  type ErrorReason,
  type ParameterProblem,
  type ReasonedCode,
} from './reasons';
export { isAway } from './is-away';
export { SelvageError, type SelvageErrorOptions } from './selvage-error';
export { capitalized, messageText } from './message-text';
export { Terminal, Retryable } from './body-errors';
export { RunFailed } from './run-failed';
