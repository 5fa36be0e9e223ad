import { createHash } from 'node:crypto';

/** The number of an advisory lock, of which Postgres knows nothing but that. Two names with one number wait for each other without need. */
export function lockNumber(...name: readonly string[]): bigint {
  return createHash('sha256')
    .update(JSON.stringify(['selvage', ...name]))
    .digest()
    .readBigInt64BE();
}
