import type {
  DataStore,
  Page,
  PageOptions,
  PutStreamOptions,
  StoredEntry,
  StoredValue,
} from '../../../protocols';
import { checkedStream, requireContentHash, requireIntact } from '../content-hash';
import { pageAfterHash, pageLimit, pageOfValues } from '../pages';
import { bytesOfBlob } from './blob';
import { readChunks, upload } from './chunks';
import type { SqlDatabase } from './database';
import {
  deleteValues,
  entriesAfter,
  hasValue,
  keepValues,
  presentHashes,
  valueRows,
  type ValueRow,
} from './values';
import { inOnePiece } from '../pieces';

/** Larger values would keep a transaction, and with it all other writers (of SQLite the event loop, too), too long. */
const LARGEST_ROW_BYTES = 4 * 1024 * 1024;

/** Values in an SQL database: one row each, larger ones (over 4 MiB) and streams in chunks. How rows are put is each database's own. */
export abstract class SqlDataStore<D extends SqlDatabase> implements DataStore {
  abstract readonly technology: string;
  /** Adapters on one database can share a transaction. */
  readonly database: D;

  /** Closing the store closes the database with it. */
  constructor(database: D) {
    this.database = database;
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    const small = await this.putLarge(values);
    if (small.length > 0) await this.putSmall(small);
  }

  /** Puts values that fit into one row each. */
  protected abstract putSmall(values: readonly StoredValue[]): Promise<void>;

  /** Stores those values that are too large for one row, and answers the others. */
  async putLarge(values: readonly StoredValue[]): Promise<readonly StoredValue[]> {
    const large = values.filter((value) => value.bytes.byteLength > LARGEST_ROW_BYTES);
    if (large.length === 0) return values;
    for (const { hash, bytes, mediaType } of large) {
      requireContentHash(hash);
      if (!(await this.keep([hash])).has(hash))
        await upload(this.database, inOnePiece(bytes), mediaType, () => hash);
    }
    return values.filter((value) => value.bytes.byteLength <= LARGEST_ROW_BYTES);
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return (await this.getMany([hash])).get(hash);
  }

  async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    if (hashes.length === 0) return found;
    for (const row of await this.#rows(hashes)) {
      const bytes = row.upload === null ? bytesOfRow(row) : await this.#joined(row.upload);
      requireIntact(row.hash, bytes, this.database.place);
      found.set(row.hash, bytes);
    }
    return found;
  }

  has(hash: string): Promise<boolean> {
    return this.database.read((db) => hasValue(db, hash));
  }

  async hasMany(hashes: readonly string[]): Promise<Set<string>> {
    if (hashes.length === 0) return new Set();
    return new Set(await this.database.read((db) => presentHashes(db, this.database.dialect, hashes)));
  }

  async putStream(
    source: AsyncIterable<Uint8Array>,
    { mediaType, nameAtEnd }: PutStreamOptions = {},
  ): Promise<{ hash: string; size: number }> {
    return upload(this.database, source, mediaType, (digest) => nameAtEnd?.() ?? `bytes-sha256:${digest}`);
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const [row] = await this.#rows([hash]);
    return row && checkedStream(hash, this.#pieces(row), this.database.place);
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    if (hashes.length === 0) return new Set();
    return new Set(await this.database.write((db) => keepValues(db, this.database.dialect, hashes)));
  }

  async list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    const limit = pageLimit(options);
    const after = pageAfterHash(options);
    return pageOfValues(await this.database.read((db) => entriesAfter(db, after, limit + 1)), limit);
  }

  async delete(hash: string): Promise<void> {
    await this.database.write((db) => deleteValues(db, this.database.dialect, [hash]));
  }

  deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]> {
    if (hashes.length === 0) return Promise.resolve([]);
    return this.database.write((db) => deleteValues(db, this.database.dialect, hashes, since));
  }

  identity(): Promise<string> {
    return this.database.identity();
  }

  close(): Promise<void> {
    return this.database.close();
  }

  #rows(hashes: readonly string[]): Promise<ValueRow[]> {
    return this.database.read((db) => valueRows(db, this.database.dialect, hashes));
  }

  #pieces(row: ValueRow): AsyncIterable<Uint8Array> {
    return row.upload === null ? inOnePiece(bytesOfRow(row)) : readChunks(this.database, row.upload);
  }

  async #joined(upload: string): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of readChunks(this.database, upload)) pieces.push(piece);
    return Buffer.concat(pieces);
  }
}

function bytesOfRow({ bytes }: ValueRow): Uint8Array {
  return bytes === null ? new Uint8Array() : bytesOfBlob(bytes);
}
