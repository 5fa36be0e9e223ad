import type { ErrorCode } from '../errors';
import { SelvageError } from '../errors';

const FAILURES: readonly ErrorCode[] = ['NotAList', 'UnequalLists', 'NotEncodable', 'NotDecodable'];

/** What is wrong with the lists of a map, or with the list that is to be its value: no other attempt can help. */
export function isFailureOfMap(error: unknown): boolean {
  return FAILURES.some((code) => SelvageError.is(error, code));
}
