import { SelvageError, isOfClass } from '../../errors';

/** Errors that no other attempt helps end the stream: mistakes, and an offset that no ledger can hold. */
export function isFinal(error: unknown): error is SelvageError {
  return (
    isOfClass(error, 'mistake') ||
    SelvageError.is(error, 'StreamStopped') ||
    SelvageError.is(error, 'NotStorable')
  );
}
