import { utf8Length } from '../values';
import { abbreviated } from './activity-id';

/** The server accepts workflow ids of 1,000 bytes. */
const LONGEST = 900;
const PREFIX_LENGTH = 200;
const HASH_DIGITS = 32;

/** `<run>/<knot>`; a prefix and a hash if that id is too long. */
export function childRunId(runId: string, knot: string): string {
  const id = `${runId}/${knot}`;
  if (utf8Length(id) <= LONGEST) return id;
  return abbreviated(id, PREFIX_LENGTH, HASH_DIGITS);
}
