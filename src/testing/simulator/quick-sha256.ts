import { nodeSha256 } from '../../node-sha256';
import type { Sha256 } from '../../values';

const MOST_CHARACTERS = 64;
const MOST_KNOWN = 10_000;

/** Like {@link nodeSha256}, but caches the few small values that thousands of worlds share. */
export function quickSha256(): Sha256 {
  const known = new Map<string, string>();
  return (data) => {
    if (typeof data !== 'string' || data.length > MOST_CHARACTERS) return nodeSha256(data);
    let hash = known.get(data);
    if (hash === undefined) {
      if (known.size === MOST_KNOWN) known.clear();
      known.set(data, (hash = nodeSha256(data)));
    }
    return hash;
  };
}
