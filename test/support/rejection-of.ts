import { SelvageError } from '../../src/errors';

/** The SelvageError that a promise rejects with; fails the test if it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<SelvageError> {
  try {
    await promise;
  } catch (error) {
    if (SelvageError.is(error)) return error;
    throw error;
  }
  throw new Error('Expected a SelvageError, but the promise was fulfilled.');
}
