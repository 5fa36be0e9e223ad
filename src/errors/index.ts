export { ERROR_CODES, isErrorCode, type ErrorCode } from './codes';
export { SelvageError, type SelvageErrorOptions } from './selvage-error';
export { messageText } from './message-text';
export { Terminal, Retryable } from './body-errors';
export { RunFailed } from './run-failed';
