export { ERROR_CODES, isErrorCode, type ErrorCode } from './codes';
export {
  ERROR_REASONS,
  PARAMETER_PROBLEMS,
  type ErrorReason,
  type ParameterProblem,
  type ReasonedCode,
} from './reasons';
export { SelvageError, type SelvageErrorOptions } from './selvage-error';
export { messageText } from './message-text';
export { Terminal, Retryable } from './body-errors';
export { RunFailed } from './run-failed';
