import { LRUCache } from 'lru-cache';
import type { StoredValue } from '../protocols';
import { currentScope } from '../sealing/run-scope';

const LIMIT_BYTES = 24 * 1024 * 1024;
/** What an entry takes beside its bytes: small values would be kept by the million without it. */
const ENTRY_BYTES = 300;

/**
 * Encoded values that this worker has just committed, or read for a segment, by hash: the next knot often runs here, too, and
 * need not read back what was at hand a moment ago. Bounded by bytes; the least recently used go first. Values of a subject are not kept: they are to
 * be gone with its key.
 */
export class RecentValues {
  private readonly values: LRUCache<string, Uint8Array>;

  constructor(limit = LIMIT_BYTES) {
    this.values = new LRUCache({
      // No more fit in anyhow: told the number, the cache allocates its storage once, which it advises for speed.
      max: Math.ceil(limit / ENTRY_BYTES),
      maxSize: limit,
      // No one value takes the room of most others.
      maxEntrySize: limit / 2,
      sizeCalculation: ({ byteLength }) => byteLength + ENTRY_BYTES,
    });
  }

  add({ hash, bytes }: StoredValue): void {
    if (currentScope()?.subject !== undefined) return;
    if (!this.values.has(hash)) this.values.set(hash, bytes);
  }

  get(hash: string): Uint8Array | undefined {
    return this.values.get(hash);
  }
}
