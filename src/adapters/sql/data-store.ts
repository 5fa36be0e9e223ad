import type { DataStore, Page, PageOptions, PutStreamOptions, StoredEntry, StoredValue } from '../../ports';
import {
  checkedStream,
  isIntact,
  isSealedName,
  requireContentHash,
  requireIntact,
} from '../../ports/parts/content-hash';
import { pageAfterHash, pageLimit, pageOfValues } from '../../ports/parts/pages';
import { SqlAdapter } from './adapter';
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
  type KeptValue,
  type ValueRow,
} from './values';
import { batchesOf } from '../../ports/parts/batches';
import { gathered, inOnePiece } from '../../ports/parts/pieces';
import { isDamaged, isWhole, wholeAmong } from '../../ports/parts/whole';
import { makeRoomForTables } from '../../ports/parts/tables';

/** A larger value would hold a transaction, and so other writers (with SQLite the event loop, too), for too long. */
const LARGEST_ROW_BYTES = 4 * 1024 * 1024;
const READ_AT_ONCE = { items: 500, bytes: LARGEST_ROW_BYTES };

/** Values in an SQL database: one row each; larger ones (over 4 MiB) and streams in chunks. Subclasses put rows. */
export abstract class SqlDataStore<D extends SqlDatabase> extends SqlAdapter<D> implements DataStore {
  async put(values: readonly StoredValue[]): Promise<void> {
    const small = await this.putLarge(values);
    if (small.length > 0) await this.putSmall(small);
  }

  /** Puts values of one row each. */
  protected abstract putSmall(values: readonly StoredValue[]): Promise<void>;

  /** Stores the values that are too large for a row, and returns the others. */
  async putLarge(values: readonly StoredValue[]): Promise<readonly StoredValue[]> {
    // The statements that put rows cannot tell a damaged manifest from another one.
    await makeRoomForTables(this, values);
    const streamed = await this.#streamedAmong(values);
    const isLarge = ({ hash, bytes }: StoredValue): boolean =>
      bytes.byteLength > LARGEST_ROW_BYTES || streamed.has(hash);
    const large = values.filter(isLarge);
    if (large.length === 0) return values;
    for (const { hash, bytes, mediaType } of large) {
      requireContentHash(hash);
      const isKept =
        (await this.keep([hash])).has(hash) && (isSealedName(hash) || (await isWhole(this, hash)));
      if (!isKept) await this.#upload(inOnePiece(bytes), mediaType, () => hash);
    }
    return values.filter((value) => !isLarge(value));
  }

  /** Raw bytes may already exist as a stream. */
  async #streamedAmong(values: readonly StoredValue[]): Promise<ReadonlySet<string>> {
    const raw = values.flatMap(({ hash }) => (hash.startsWith('bytes-') ? [hash] : []));
    if (raw.length === 0) return new Set();
    return new Set(
      await this.database.read((db) => presentHashes(db, this.database.dialect, raw, { streamed: true })),
    );
  }

  #upload(
    pieces: AsyncIterable<Uint8Array>,
    mediaType: string | undefined,
    hashOf: (digest: string) => string,
  ): Promise<{ hash: string; size: number }> {
    return upload(this.database, pieces, mediaType, { hashOf, isDamaged: (hash) => isDamaged(this, hash) });
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return (await this.getMany([hash])).get(hash);
  }

  async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    if (hashes.length === 0) return found;
    for (const row of await this.#rows(hashes)) {
      const bytes = row.upload === null ? bytesOfRow(row) : await gathered(this.#pieces(row));
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
    return this.#upload(source, mediaType, (digest) => nameAtEnd?.() ?? `bytes-sha256:${digest}`);
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const [row] = await this.#rows([hash]);
    return row && checkedStream(hash, this.#pieces(row), this.database.place);
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    if (hashes.length === 0) return new Set();
    const kept = await this.database.write((db) => keepValues(db, this.database.dialect, hashes));
    const streams = kept.flatMap(({ hash, upload }) => (upload === null ? [] : [hash]));
    const whole = await wholeAmong(this, streams);
    for (const hash of await this.wholeRows(kept.filter(({ upload }) => upload === null))) whole.add(hash);
    return whole;
  }

  /** The values of these rows whose bytes match their hashes. */
  protected async wholeRows(rows: readonly KeptValue[]): Promise<string[]> {
    const whole: string[] = [];
    for (const batch of batchesOf(rows, READ_AT_ONCE, ({ size }) => size)) {
      const read = await this.#rows(batch.map(({ hash }) => hash));
      for (const row of read) if (isIntact(row.hash, bytesOfRow(row))) whole.push(row.hash);
    }
    return whole;
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

  #rows(hashes: readonly string[]): Promise<ValueRow[]> {
    return this.database.read((db) => valueRows(db, this.database.dialect, hashes));
  }

  #pieces(row: ValueRow): AsyncIterable<Uint8Array> {
    return row.upload === null ? inOnePiece(bytesOfRow(row)) : readChunks(this.database, row.upload);
  }
}

function bytesOfRow({ bytes }: ValueRow): Uint8Array {
  return bytes === null ? new Uint8Array() : bytesOfBlob(bytes);
}
