import { createHash } from 'node:crypto';

/** The number of an advisory lock. Two names with equal numbers only wait for each other needlessly. */
export function lockNumber(...name: readonly string[]): bigint {
  return createHash('sha256')
    .update(JSON.stringify(['selvage', ...name]))
    .digest()
    .readBigInt64BE();
}
