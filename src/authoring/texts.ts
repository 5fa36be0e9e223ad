import type { ErrorReason } from '../errors';
import { utf8Length } from '../values';

/** UTF-8 bytes: PostgreSQL indexes hold about 2,700 bytes per entry, a task queue's name in Temporal 1,000. */
const LONGEST_TEXT = 1_000;

/** A problem of a text, whose rule follows the word "it". */
export type TextProblem = readonly [reason: ErrorReason<'InvalidName'>, rule: string];

/**
 * Why a value is not a valid one-line text for records, which every backend must hold; undefined if it is valid.
 * `bytes` is the greatest length in UTF-8.
 */
export function textProblem(value: unknown, bytes = LONGEST_TEXT): TextProblem | undefined {
  if (typeof value !== 'string') return ['NotText', 'must be a text'];
  if (value === '') return ['Empty', 'must be a text that is not empty'];
  const length = utf8Length(value);
  if (length > bytes) return ['TooLong', `must have at most ${bytes} bytes, and has ${length}`];
  // UTF-8 cannot hold a lone surrogate.
  if (/\p{Surrogate}/u.test(value))
    return ['WrongCharacters', 'must be valid Unicode, and has half of a character (a lone surrogate)'];
  if (/\p{Control}/u.test(value))
    return ['WrongCharacters', 'must be a single line without control characters'];
  return undefined;
}
