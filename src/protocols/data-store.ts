/** A value as the data store has it: its content hash says which kind of bytes they are (DESIGN of hashes: `docs/architecture.md`). */
export interface StoredValue {
  /** `sha256:…` of canonical JSON text, or `bytes-sha256:…` of raw bytes. */
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly mediaType?: string;
}

/**
 * Values by content hash. Every method may be called at once from many processes. A put of a hash that is already there is
 * a success and changes nothing: two writers of one hash have the same bytes.
 *
 * Errors: `BackendUnavailable` (a retry may help), `DiskFull`, `ValueDamaged` (bytes do not match the hash).
 */
export interface DataStore {
  /** Short name of the technology, for messages: `sqlite`, `memory`, `local-disk`, … */
  readonly technology: string;
  /** Stores all values; after it returns they survive a kill of this process. Partly stored batches may be put again. */
  put(values: readonly StoredValue[]): Promise<void>;
  /** The bytes of one value, checked against the hash, or undefined if it is not there. */
  get(hash: string): Promise<Uint8Array | undefined>;
  /** Several at once; what is not there is not in the map. */
  getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>>;
  has(hash: string): Promise<boolean>;
  /** Which of these are there, without reading them. */
  hasMany(hashes: readonly string[]): Promise<Set<string>>;
  /** Stores a stream as raw bytes and answers its `bytes-sha256:` hash and size, holding at most a few MiB in memory where the technology can. */
  putStream(
    source: AsyncIterable<Uint8Array>,
    options?: { mediaType?: string },
  ): Promise<{ hash: string; size: number }>;
  /** The bytes as a stream, in pieces; the hash is checked at the end, and a mismatch throws `ValueDamaged` instead of ending. */
  getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Removes a value; of one that is not there, nothing happens. Lineage that names it stays. */
  delete(hash: string): Promise<void>;
  close(): Promise<void>;
}
