import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import * as path from 'node:path';
import {
  PUT_AGAIN_AFTER_MS,
  type DataStore,
  type Page,
  type PageOptions,
  type PutStreamOptions,
  type StoredEntry,
  type StoredStream,
  type StoredValue,
} from '../../ports';
import { fileMode, folderMode } from '../../node/private-files';
import {
  checkedStream,
  isContentHash,
  isIntact,
  isSealedName,
  mayDiffer,
  requireContentHash,
  requireIntact,
} from '../../ports/parts/content-hash';
import { inParallel } from '../../values/in-parallel';
import { getOneByOne, hasOneByOne } from '../../ports/parts/one-by-one';
import { wholeAmong } from '../../ports/parts/whole';
import { listValues, valueFile } from './entries';
import { flushFolder, unlessMissing, whileUsing } from './file-errors';
import { identityOf } from './identity';
import { prepareFolder, TEMPORARY_FOLDER } from './temporary-files';

const PARALLEL_FILES = 16;
/** In small pieces, a stream takes twice as long. */
const PIECE_BYTES = 1024 * 1024;

export interface LocalDiskDataStoreOptions {
  /** The folder with the values; created if missing. Several processes may use one folder at once. */
  readonly folder: string;
}

/**
 * Values as files `ab/cd/<kind of hash>-abcd…` in a folder. A file gets its name when it is complete and flushed to the
 * disk, so a value is complete or missing, even after a power cut. Media types are not kept.
 */
export class LocalDiskDataStore implements DataStore {
  readonly technology = 'local-disk';
  readonly #folder: string;

  /** The constructor needs an existing folder; {@link createLocalDiskDataStore} creates it. */
  constructor({ folder }: LocalDiskDataStoreOptions) {
    this.#folder = path.resolve(folder);
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    for (const { hash } of values) requireContentHash(hash);
    await inParallel(values, PARALLEL_FILES, async ({ hash, bytes }) => {
      if ((await this.#keepOne(hash)) && (await this.#isAsStored(hash, bytes))) return;
      await this.#write(async (file, name) => {
        await whileUsing(name, () => file.writeFile(bytes));
        return hash;
      });
    });
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    if (!isContentHash(hash)) return undefined;
    const file = this.#fileOf(hash);
    const bytes = await whileUsing(file, () => this.#whereItIs(hash, (place) => readFile(place)));
    if (bytes !== undefined) requireIntact(hash, bytes, file);
    return bytes;
  }

  getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    return getOneByOne(this, hashes, PARALLEL_FILES);
  }

  async has(hash: string): Promise<boolean> {
    if (!isContentHash(hash)) return false;
    const file = this.#fileOf(hash);
    return whileUsing(
      file,
      async () => (await this.#whereItIs(hash, async (place) => (await access(place), true))) ?? false,
    );
  }

  hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return hasOneByOne(this, hashes, PARALLEL_FILES);
  }

  async putStream(
    source: AsyncIterable<Uint8Array>,
    { nameAtEnd }: PutStreamOptions = {},
  ): Promise<{ hash: string; size: number }> {
    const digest = createHash('sha256');
    let size = 0;
    const hash = await this.#write(async (file, name) => {
      for await (const piece of source) {
        // Hashes the bytes while the disk is busy writing.
        const written = whileUsing(name, () => file.writeFile(piece));
        digest.update(piece);
        size += piece.byteLength;
        await written;
      }
      return nameAtEnd?.() ?? `bytes-sha256:${digest.digest('hex')}`;
    });
    return { hash, size };
  }

  async getStream(hash: string): Promise<StoredStream | undefined> {
    if (!(await this.has(hash))) return undefined;
    const file = this.#fileOf(hash);
    return Object.assign(checkedStream(hash, this.#piecesOf(hash), file), { file });
  }

  async getRange(hash: string, start: number, end: number): Promise<Uint8Array | undefined> {
    if (!isContentHash(hash)) return undefined;
    const file = this.#fileOf(hash);
    return await whileUsing(file, async () => {
      const handle = await this.#whereItIs(hash, (place) => open(place, 'r'));
      if (!handle) return undefined;
      try {
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    });
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    await inParallel(new Set(hashes), PARALLEL_FILES, async (hash) => {
      if (await this.#keepOne(hash)) found.add(hash);
    });
    return wholeAmong(this, found);
  }

  list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    return whileUsing(this.#folder, () => listValues(this.#folder, options));
  }

  async delete(hash: string): Promise<void> {
    if (!isContentHash(hash)) return;
    const file = this.#fileOf(hash);
    await whileUsing(file, () => rm(file, { force: true }));
  }

  async deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]> {
    const deleted: string[] = [];
    await inParallel(hashes, PARALLEL_FILES, async (hash) => {
      if (await this.#deleteUnlessPutSince(hash, since)) deleted.push(hash);
    });
    return deleted;
  }

  identity(): Promise<string> {
    return identityOf(this.#folder);
  }

  async close(): Promise<void> {}

  #fileOf(hash: string): string {
    return path.join(this.#folder, valueFile(hash));
  }

  /** The place of a value while it is being deleted because of its age. */
  #removedFileOf(hash: string): string {
    return path.join(this.#folder, TEMPORARY_FOLDER, path.basename(valueFile(hash)));
  }

  async *#piecesOf(hash: string): AsyncGenerator<Uint8Array> {
    const file = this.#fileOf(hash);
    const handle = await whileUsing(
      file,
      async () => (await this.#whereItIs(hash, (place) => open(place, 'r'))) ?? (await open(file, 'r')),
    );
    const stream = handle.createReadStream({ highWaterMark: PIECE_BYTES });
    try {
      yield* stream;
    } finally {
      stream.destroy();
    }
  }

  /** Looks twice in the value's place: a deletion that is taken back moves the file away and back. */
  async #whereItIs<T>(hash: string, work: (file: string) => Promise<T>): Promise<T | undefined> {
    const file = this.#fileOf(hash);
    for (const place of [file, this.#removedFileOf(hash), file]) {
      const found = await unlessMissing(() => work(place));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #isAsStored(hash: string, bytes: Uint8Array): Promise<boolean> {
    if (isSealedName(hash)) return true;
    const file = this.#fileOf(hash);
    const stored = await whileUsing(file, () => this.#whereItIs(hash, (place) => readFile(place)));
    if (stored === undefined) return false;
    return mayDiffer(hash) ? isIntact(hash, stored) : stored.equals(bytes);
  }

  /** A file's modification time is the value's last put. */
  async #keepOne(hash: string): Promise<boolean> {
    if (!isContentHash(hash)) return false;
    const file = this.#fileOf(hash);
    const isThere = await whileUsing(file, () =>
      unlessMissing(async () => {
        const now = Date.now();
        const { mtimeMs } = await stat(file);
        if (mtimeMs < now - PUT_AGAIN_AFTER_MS) await utimes(file, now / 1000, now / 1000);
        return true;
      }),
    );
    return isThere ?? false;
  }

  /**
   * Moves the file away before its time is finally checked. A process that keeps the value meanwhile has either renewed
   * it, so its file is moved back, or finds it missing and puts it again.
   */
  async #deleteUnlessPutSince(hash: string, since: number): Promise<boolean> {
    if (!isContentHash(hash)) return false;
    const file = this.#fileOf(hash);
    const removed = this.#removedFileOf(hash);
    const isDeleted = await whileUsing(file, () =>
      unlessMissing(async () => {
        if ((await stat(file)).mtimeMs >= since) return false;
        await rename(file, removed);
        if ((await stat(removed)).mtimeMs >= since) {
          await rename(removed, file);
          return false;
        }
        await rm(removed, { force: true });
        return true;
      }),
    );
    return isDeleted ?? false;
  }

  /** Writes a temporary file with `fill`, which returns the hash, and gives the file its final name. */
  async #write(fill: (file: FileHandle, name: string) => Promise<string>): Promise<string> {
    const temporary = path.join(this.#folder, TEMPORARY_FOLDER, randomUUID());
    try {
      const file = await whileUsing(temporary, () => open(temporary, 'wx', fileMode(temporary)));
      let hash: string;
      try {
        hash = await fill(file, temporary);
        await whileUsing(temporary, () => file.sync());
      } finally {
        await file.close();
      }
      const target = this.#fileOf(hash);
      await whileUsing(target, () => this.#giveName(temporary, target));
      return hash;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #giveName(temporary: string, target: string): Promise<void> {
    const folder = path.dirname(target);
    const firstMade = await mkdir(folder, { recursive: true, mode: folderMode(folder) });
    await rename(temporary, target);
    await flushFolder(folder);
    if (firstMade === undefined) return;
    // A new folder is itself an entry in its parent folder, which must be flushed, too.
    for (let made = folder; made.length >= firstMade.length; made = path.dirname(made))
      await flushFolder(path.dirname(made));
  }
}

/** Throws `FolderUnusable`, `DiskFull`. */
export async function createLocalDiskDataStore(
  options: LocalDiskDataStoreOptions,
): Promise<LocalDiskDataStore> {
  await prepareFolder(path.resolve(options.folder));
  return new LocalDiskDataStore(options);
}
