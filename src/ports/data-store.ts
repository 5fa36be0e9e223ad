import type { Page, PageOptions } from './page';

/** A value as the data store holds it. Its content hash says which kind of bytes it is. */
export interface StoredValue {
  /**
   * `sha256:…` of canonical JSON text, or `bytes-sha256:…` of raw bytes; or `sealed:` and 96 hexadecimal
   * digits, the name of bytes that were encrypted before they came here. Stores cannot check sealed bytes, as
   * that takes the key.
   */
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly mediaType?: string;
}

/** A data store's facts about a value, known without reading it. */
export interface StoredEntry {
  readonly hash: string;
  /** Bytes occupied in the storage. */
  readonly size: number;
  /**
   * When it was last put, or kept by {@link DataStore.keep}: milliseconds since the epoch by the store's own
   * clock, at most {@link PUT_AGAIN_AFTER_MS} too early.
   */
  readonly lastPutAt: number;
}

export interface PutStreamOptions {
  readonly mediaType?: string;
  /**
   * For sealed streams. Called when the source has ended; returns the `sealed:` name under which the bytes
   * are stored and reported, instead of their hash.
   */
  readonly nameAtEnd?: () => string;
}

/** Putting an existing value updates its `lastPutAt` only if the old one is older than this: one hour. */
export const PUT_AGAIN_AFTER_MS = 60 * 60 * 1000;

/** How much of a kept value is read to check it for damage: 16 MiB. */
export const READ_TO_KEEP_BYTES = 16 * 1024 * 1024;

/**
 * Values by content hash. Every method may be called concurrently from many processes. Putting an existing
 * hash succeeds and changes no bytes, as two writers of one hash have the same bytes; damaged bytes are
 * replaced. It still counts as a put, so that clean-up leaves alone what somebody has just put.
 *
 * Errors: `BackendUnavailable` (a retry may help), `DiskFull`, `ValueDamaged` (bytes do not match the hash).
 */
export interface DataStore {
  /** Short name of the technology for messages: `sqlite`, `memory`, `local-disk`, … */
  readonly technology: string;
  /**
   * Identifies this storage: random text, written into it when it was made, and the same for everyone who
   * opens it, at whatever address.
   */
  identity(): Promise<string>;
  /**
   * Stores all values. Once it returns they survive a kill of this process. A partly stored batch may be put
   * again.
   */
  put(values: readonly StoredValue[]): Promise<void>;
  /** The bytes of one value, checked against the hash; undefined if it is missing. */
  get(hash: string): Promise<Uint8Array | undefined>;
  /** The bytes of several values; missing ones are not in the map. */
  getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>>;
  has(hash: string): Promise<boolean>;
  /** Which of these exist, without reading them. */
  hasMany(hashes: readonly string[]): Promise<Set<string>>;
  /**
   * Stores a stream as raw bytes and returns its `bytes-sha256:` hash and size. Holds at most a few MiB in
   * memory if the technology allows it.
   */
  putStream(
    source: AsyncIterable<Uint8Array>,
    options?: PutStreamOptions,
  ): Promise<{ hash: string; size: number }>;
  /**
   * The bytes as a stream of pieces. The hash is checked at the end; a mismatch throws `ValueDamaged` instead
   * of ending.
   */
  getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * Which of these exist undamaged, checked by reading them. Only the first {@link READ_TO_KEEP_BYTES} of a
   * larger value are read, so damage behind them is missed. Counts as a put, for callers about to refer to a
   * value that somebody else has put. A damaged value is not among the result, so that it is made again.
   */
  keep(hashes: readonly string[]): Promise<Set<string>>;
  /**
   * Lists every stored value once, in the store's own order. A value that is put or removed meanwhile may or
   * may not be listed.
   */
  list(options?: PageOptions): Promise<Page<StoredEntry>>;
  /** Removes a value; does nothing if it is missing. Lineage that names it stays. */
  delete(hash: string): Promise<void>;
  /**
   * Erases what earlier removals left in the storage: a database's free pages or its log. Takes time and
   * space proportional to the whole storage. Omitted by technologies whose removals leave nothing behind.
   * Backups and replicas are not covered.
   */
  purge?(): Promise<void>;
  /**
   * Removes those last put before a time (milliseconds since the epoch), and returns which. Safe against
   * concurrent writers: a value whose put (or {@link keep}) returned at least {@link PUT_AGAIN_AFTER_MS}
   * after that time stays, or its next reader notices that it is gone. The time must be at least two hours
   * ago.
   */
  deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]>;
  close(): Promise<void>;
}
