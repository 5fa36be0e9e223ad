import type { Page, PageOptions } from './page';

/** A value in a data store. */
export interface StoredValue {
  /**
   * The hash: `sha256:…` of canonical JSON text, `bytes-sha256:…` of raw bytes, `table-sha256:…` of a table, whose bytes
   * are its manifest, or `sealed:` and 96 hexadecimal digits, the name of encrypted bytes. Stores cannot check sealed
   * bytes without the key.
   */
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly mediaType?: string;
}

/** The facts about a stored value that are known without reading it. */
export interface StoredEntry {
  readonly hash: string;
  /** The bytes that the value occupies in the storage. */
  readonly size: number;
  /**
   * The time of the last put or {@link DataStore.keep}: milliseconds since the epoch by the store's own clock, at most
   * {@link PUT_AGAIN_AFTER_MS} too early.
   */
  readonly lastPutAt: number;
}

/** Bytes in pieces. `file`: the file on this machine in which the same bytes lie; readers may link it, and never change it. */
export interface StoredStream extends AsyncIterable<Uint8Array> {
  readonly file?: string;
}

export interface PutStreamOptions {
  readonly mediaType?: string;
  /**
   * A function for sealed streams, called at the end of the source. It returns the `sealed:` name under which the bytes
   * are stored and reported, instead of their hash.
   */
  readonly nameAtEnd?: () => string;
}

/** Putting an existing value updates its `lastPutAt` only if the old one is older than this: one hour. */
export const PUT_AGAIN_AFTER_MS = 60 * 60 * 1000;

/** The part of a kept value that is read to check it for damage: 16 MiB. */
export const READ_TO_KEEP_BYTES = 16 * 1024 * 1024;

/**
 * Values by content hash. Every method may be called concurrently from many processes. Putting an existing hash
 * succeeds and counts as a put, so clean-up spares it. Such a put changes no bytes, except damaged ones, which it
 * replaces.
 *
 * Methods throw `BackendUnavailable` (a retry may help), `DiskFull`, `ValueDamaged` (bytes do not match the hash).
 */
export interface DataStore {
  /** A short name of the technology for messages, such as `sqlite`, `memory` or `local-disk`. */
  readonly technology: string;
  /** A random text, made with the storage, and the same for everyone who opens it, at any address. */
  identity(): Promise<string>;
  /** Stores all values, which then survive a kill of this process. A partly stored batch may be put again. */
  put(values: readonly StoredValue[]): Promise<void>;
  /** The bytes of one value, checked against the hash; undefined if it is missing. */
  get(hash: string): Promise<Uint8Array | undefined>;
  /** The bytes of several values; missing ones are not in the map. */
  getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>>;
  has(hash: string): Promise<boolean>;
  /** The hashes among these that exist, without reading the values. */
  hasMany(hashes: readonly string[]): Promise<Set<string>>;
  /**
   * Stores a stream as raw bytes; returns its `bytes-sha256:` hash and size. The call holds at most a few MiB in memory
   * if the technology allows it.
   */
  putStream(
    source: AsyncIterable<Uint8Array>,
    options?: PutStreamOptions,
  ): Promise<{ hash: string; size: number }>;
  /**
   * The bytes from `start` up to, and without, `end`, which cannot be checked against the hash. Undefined if the value is
   * missing, or cannot be read in parts: read it whole then. A store that reads no parts omits this method.
   */
  getRange?(hash: string, start: number, end: number): Promise<Uint8Array | undefined>;
  /** The bytes as a stream, which throws `ValueDamaged` at the end if they do not match the hash. */
  getStream(hash: string): Promise<StoredStream | undefined>;
  /**
   * Reads these values, and returns those that exist undamaged. Only the first {@link READ_TO_KEEP_BYTES} of a larger
   * value are read, so damage behind them is missed. The call counts as a put, for callers about to refer to a value
   * that somebody else has put. The caller makes missing and damaged values again.
   */
  keep(hashes: readonly string[]): Promise<Set<string>>;
  /** Lists every value once, in the store's own order; may omit a value that is put or removed meanwhile. */
  list(options?: PageOptions): Promise<Page<StoredEntry>>;
  /** Removes a value; does nothing if it is missing. The lineage that names the value stays. */
  delete(hash: string): Promise<void>;
  /**
   * Erases remains of earlier removals from the storage: a database's free pages or its log, but not backups and
   * replicas. Erasing takes time and space proportional to the whole storage. A store whose removals leave nothing
   * omits this method.
   */
  purge?(): Promise<void>;
  /**
   * Removes the values that were last put before a time (milliseconds since the epoch, at least two hours ago), and
   * returns their hashes. For safety, a value put (or {@link keep kept}) at least {@link PUT_AGAIN_AFTER_MS} after that
   * time stays, or its next reader notices that it is gone.
   */
  deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]>;
  close(): Promise<void>;
}
