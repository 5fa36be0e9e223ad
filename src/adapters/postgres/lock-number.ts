import { createHash } from 'node:crypto';

/**
 * The number of an advisory lock, which is all that Postgres knows of it. Two names with the same number only wait for each other
 * unnecessarily.
 */
export function lockNumber(...name: readonly string[]): bigint {
  return createHash('sha256')
    .update(JSON.stringify(['selvage', ...name]))
    .digest()
    .readBigInt64BE();
}
