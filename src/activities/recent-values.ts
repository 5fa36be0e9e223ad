import type { StoredValue } from '../protocols';
import { currentScope } from '../sealing/run-scope';

const LIMIT_BYTES = 32 * 1024 * 1024;
/** What an entry takes beside its bytes: small values would be kept by the million without it. */
const ENTRY_BYTES = 300;

/**
 * Encoded values that this worker has just committed, or read for a segment, by hash: the next knot often runs here, too, and
 * need not read back what was at hand a moment ago. Bounded by bytes; the least recently used go first. Values of a subject are not kept: they are to
 * be gone with its key.
 */
export class RecentValues {
  private readonly values = new Map<string, Uint8Array>();
  private bytes = 0;

  constructor(private readonly limit = LIMIT_BYTES) {}

  add({ hash, bytes }: StoredValue): void {
    if (currentScope()?.subject !== undefined) return;
    if (bytes.byteLength > this.limit / 2 || this.values.has(hash)) return;
    this.values.set(hash, bytes);
    this.bytes += bytes.byteLength + ENTRY_BYTES;
    for (const [oldest, { byteLength }] of this.values) {
      if (this.bytes <= this.limit) break;
      this.values.delete(oldest);
      this.bytes -= byteLength + ENTRY_BYTES;
    }
  }

  get(hash: string): Uint8Array | undefined {
    const bytes = this.values.get(hash);
    if (bytes) {
      this.values.delete(hash);
      this.values.set(hash, bytes);
    }
    return bytes;
  }
}
