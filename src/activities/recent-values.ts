import { LRUCache } from 'lru-cache';
import type { StoredValue } from '../ports';
import { currentScope } from '../encryption/run-scope';

const LIMIT_BYTES = 24 * 1024 * 1024;
/** Overhead of a cache entry, in bytes. Without counting this overhead, small values would be kept by the million. */
const ENTRY_BYTES = 300;
const SMALL_BYTES = 1_024;

/**
 * Encoded values that this worker has just committed, or read for a segment, by hash, as the next knot often runs here.
 * The cache is bounded by bytes and drops the least recently used values first. The cache excludes values of subjects,
 * which must vanish with their keys.
 */
export class RecentValues {
  private readonly values: LRUCache<string, Kept>;

  constructor(limit = LIMIT_BYTES) {
    this.values = new LRUCache({
      // Maximum entries. Given the number, the cache allocates its storage once, as its documentation recommends.
      max: Math.ceil(limit / ENTRY_BYTES),
      maxSize: limit,
      // A single value must not displace most others.
      maxEntrySize: limit / 2,
      sizeCalculation: (kept) => (typeof kept === 'string' ? kept.length : kept.byteLength) + ENTRY_BYTES,
    });
  }

  add({ hash, bytes }: StoredValue): void {
    if (currentScope()?.subject !== undefined) return;
    if (!this.values.has(hash)) this.values.set(hash, alone(bytes));
  }

  get(hash: string): Uint8Array | undefined {
    const kept = this.values.get(hash);
    return typeof kept === 'string' ? bytesOf(kept) : kept;
  }
}

/** Small values are kept as texts with one character per byte: a separate array would take several times the memory. */
type Kept = Uint8Array | string;

/** Copies bytes of shared memory (Node's 8 KiB pool, network buffers), which a small value would keep whole. */
function alone(bytes: Uint8Array): Kept {
  if (bytes.byteLength <= SMALL_BYTES)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function bytesOf(kept: string): Uint8Array {
  const bytes = new Uint8Array(kept.length);
  Buffer.from(bytes.buffer).write(kept, 'latin1');
  return bytes;
}
