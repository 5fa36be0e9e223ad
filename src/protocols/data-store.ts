import type { Page, PageOptions } from './page';

/** A value as the data store has it: its content hash says which kind of bytes they are (DESIGN of hashes: `docs/architecture.md`). */
export interface StoredValue {
  /**
   * `sha256:…` of canonical JSON text, or `bytes-sha256:…` of raw bytes. Or `sealed:` and 96 hexadecimal digits, the name of bytes that were
   * encrypted before they came here: then no store checks them, for only who has the key can.
   */
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly mediaType?: string;
}

/** What a data store says of a value without reading it. */
export interface StoredEntry {
  readonly hash: string;
  /** Bytes that it takes. */
  readonly size: number;
  /** When it was put last, or kept by {@link DataStore.keep}: milliseconds since the epoch, by the store's own clock, and up to {@link PUT_AGAIN_AFTER_MS} too early. */
  readonly lastPutAt: number;
}

export interface PutStreamOptions {
  readonly mediaType?: string;
  /**
   * Asked when the source has ended: the `sealed:` name under which the bytes are stored, and which is answered, in place of their hash. For who
   * has encrypted them.
   */
  readonly nameAtEnd?: () => string;
}

/** A put of a value that is there is noted (as its new `lastPutAt`) only where the noted one is older than this: one hour. */
export const PUT_AGAIN_AFTER_MS = 60 * 60 * 1000;

/**
 * Values by content hash. Every method may be called at once from many processes. A put of a hash that is already there is
 * a success and changes no bytes: two writers of one hash have the same bytes. It does count as a put, so that what removes old values
 * leaves one alone that somebody has just put.
 *
 * Errors: `BackendUnavailable` (a retry may help), `DiskFull`, `ValueDamaged` (bytes do not match the hash).
 */
export interface DataStore {
  /** Short name of the technology, for messages: `sqlite`, `memory`, `local-disk`, … */
  readonly technology: string;
  /**
   * What tells this storage from every other: random text that was written into it when it was made, equal for all who have it open, under
   * whatever address.
   */
  identity(): Promise<string>;
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
    options?: PutStreamOptions,
  ): Promise<{ hash: string; size: number }>;
  /** The bytes as a stream, in pieces; the hash is checked at the end, and a mismatch throws `ValueDamaged` instead of ending. */
  getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * As {@link hasMany}, and counts as a put of those that are there: for who is going to refer to a value that somebody else has put.
   */
  keep(hashes: readonly string[]): Promise<Set<string>>;
  /** What is stored, each once, in an order of the store's own; a value that comes or goes meanwhile may be in it or not. */
  list(options?: PageOptions): Promise<Page<StoredEntry>>;
  /** Removes a value; of one that is not there, nothing happens. Lineage that names it stays. */
  delete(hash: string): Promise<void>;
  /**
   * Sees to it that of what was removed before, no bytes are left in the storage: of a database, in pages that are free or in a log. Takes time and
   * room as the whole of it is large. Absent where a removal leaves nothing behind. What backups and replicas have is not its business.
   */
  purge?(): Promise<void>;
  /**
   * Removes those that were last put before a time (milliseconds since the epoch), and answers which. It cannot race a writer: a value whose put
   * (or {@link keep}) was answered at least {@link PUT_AGAIN_AFTER_MS} after that time stays, or is found again by the next who asks for it.
   * The time is to be at least two hours back.
   */
  deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]>;
  close(): Promise<void>;
}
