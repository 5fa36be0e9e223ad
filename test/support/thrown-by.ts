import { SelvageError } from '../../src/errors';

/** The SelvageError that a call throws; fails the test if it throws none. */
export function thrownBy(call: () => unknown): SelvageError {
  try {
    call();
  } catch (error) {
    if (SelvageError.is(error)) return error;
    throw error;
  }
  throw new Error('Expected a SelvageError, but nothing was thrown.');
}
