import { abbreviated } from './activity-id';

/** The server accepts workflow ids of up to 1,000 bytes. */
const LONGEST = 900;
const PREFIX_LENGTH = 200;
const HASH_DIGITS = 32;

/** `<run>/<knot>`. If that is too long for the server, a prefix and a hash. */
export function childRunId(runId: string, knot: string): string {
  const id = `${runId}/${knot}`;
  if (new TextEncoder().encode(id).length <= LONGEST) return id;
  return abbreviated(id, PREFIX_LENGTH, HASH_DIGITS);
}
