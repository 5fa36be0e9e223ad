import { SelvageError, isOfClass } from '../../errors';

/** Errors that end the stream, since no other attempt helps: mistakes, and offsets that no ledger can hold. */
export function isFinal(error: unknown): error is SelvageError {
  return (
    isOfClass(error, 'mistake') ||
    SelvageError.is(error, 'StreamStopped') ||
    SelvageError.is(error, 'NotStorable')
  );
}
