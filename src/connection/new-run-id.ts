import { randomBytes } from 'node:crypto';

/** Length of the random part: among a million ids with one beginning, two are the same with a probability of 0.2 %. */
const RANDOM_BYTES = 6;

/** The id of a run that was started without one: the tapestry, or another purpose, and a random part. */
export function newRunId(beginning: string): string {
  return `${beginning}-${randomBytes(RANDOM_BYTES).toString('hex')}`;
}
