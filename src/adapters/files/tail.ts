import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { SourceAmount } from '../../ports';
import type { Json } from '../../values';
import type { Delivered, FileTailSettings, PartitionedFeed, Checkpoint, ReadContext } from '../../streams';
import {
  HEAD_BYTES,
  idsOf,
  isDenied,
  isRotatedName,
  isSameFile,
  keyOf,
  openFile,
  readAt,
  rotatedFiles,
  wantedFiles,
  type FilePlace,
  type Inode,
  type LogFile,
  type OpenFile,
} from './file-identity';
import { FolderWatch } from './folder-watch';
import { DamagedFile } from './gunzipped-file';
import { lineFormat, type LineFormat } from './lines';
import { MovedFolders } from './moved-folders';
import { gapsIn, know, rotatedFirst, type Found } from './rotation';
import { SeenFiles, isSeen, seenFileOf, shutId, type SeenFile } from './seen-files';
import { TailedFile, type Look } from './tailed-file';

/** The number of reads of a file with more to read before the names are looked at again. */
const LOOKS = 4;
/** The key of the {@link SeenFiles}, beside the partitions. */
const SEEN = '';

/**
 * Reads the lines of files as they are written.
 *
 * L1  A file's partition is a random name, saved before its first line is delivered, so a reader after a crash gives
 *     its lines the same names.
 * L2  A file is identified by its first bytes and those before its place. A file's inode only says where to look first.
 * L3  A file without a wanted name is read until it stops growing. The file is saved as seen before its partition ends.
 * L4  A file beside a wanted path, under the name of a rotated one, is read unless it is seen or copies a file that is
 *     read. The search begins when the wanted path leads to another file, and again if files are renamed meanwhile.
 */
export function openFileTail(options: FileTailSettings): PartitionedFeed<string> {
  const tail = new FileTail(options);
  return {
    async *read(after, context) {
      try {
        yield* tail.read(after, context);
      } finally {
        // A file that was opened while the tail was being closed is still open.
        if (tail.isClosed) await tail.close();
      }
    },
    lag: () => tail.lag(),
    close: () => tail.close(),
  };
}

class FileTail {
  isClosed = false;
  readonly #format: LineFormat;
  readonly #files = new Map<string, TailedFile>();
  /** Maps the id of a copy to the file that is read in place of the copy. */
  readonly #copies = new Map<string, TailedFile>();
  readonly #folders = new FolderWatch();
  #seen = new SeenFiles(undefined);
  /** The files at the wanted paths and beside them when all files were last known. */
  #settled: { readonly wanted: string; readonly all: string } | undefined;
  #wanted: readonly LogFile[] = [];
  /** Files of a checkpoint that no longer exist. */
  readonly #missing = new Map<string, FilePlace>();

  constructor(private readonly options: FileTailSettings) {
    this.#format = lineFormat(options.encoding);
  }

  async *read(after: Checkpoint, context: ReadContext): AsyncGenerator<Delivered<string>, void, void> {
    const { logger, signal, trouble } = context;
    signal.addEventListener('abort', () => this.#folders.wake(), { once: true });
    let isFirst = after.size === 0;
    const folders = new MovedFolders(this.options.paths, logger);
    for (const [partition, place] of after)
      if (partition !== SEEN) await this.#reopen(partition, place as unknown as FilePlace, folders);
    this.#seen = new SeenFiles(after.get(SEEN), (file) => folders.today(file));
    while (!signal.aborted) {
      this.#folders.begin();
      let hasRead = false;
      try {
        const ended = await this.#discover(isFirst, context);
        isFirst = false;
        for (const endOf of ended) yield { endOf };
        for (const file of [...this.#files.values()]) {
          for (let looks = 0, hasMore = true; hasMore && looks < LOOKS; looks++) {
            hasMore = false;
            for await (const delivered of this.#linesOf(file, context)) {
              hasRead = true;
              hasMore = this.#files.has(file.partition);
              yield delivered;
              if (signal.aborted) return;
            }
          }
        }
        trouble(undefined);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
        trouble(`cannot read: ${(error as Error).message}`);
        hasRead = false;
      }
      if (!hasRead && !signal.aborted) await this.#folders.rest(this.options.poll);
    }
  }

  async lag(): Promise<SourceAmount> {
    const left = await Promise.all([...this.#files.values()].map((file) => file.left().catch(() => 0)));
    return { amount: left.reduce((sum, bytes) => sum + bytes, 0), unit: 'bytes' };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.#folders.close();
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map(({ file }) => file.handle.close().catch(() => undefined)));
  }

  async #reopen(partition: string, saved: FilePlace, folders: MovedFolders): Promise<void> {
    const { place, found } = await folders.find(saved, (file) => this.#of(file) !== undefined);
    if (!found) {
      this.#missing.set(partition, place);
      return;
    }
    const opened = { ...found, path: place.path };
    const from = { at: place.at, isSaved: true };
    const file = await TailedFile.of(partition, opened, this.#format, this.options.maxLine, from);
    this.#files.set(partition, file);
  }

  /** Opens new files and reports missing ones. Returns the partitions that have ended. */
  async #discover(isFirst: boolean, context: ReadContext): Promise<readonly string[]> {
    const { paths } = this.options;
    for (;;) {
      const wanted = (this.#wanted = await wantedFiles(paths));
      for (const { path: file } of wanted) this.#folders.watch(path.dirname(file));
      const isSettled = idsOf(wanted) === this.#settled?.wanted;
      if (isSettled && !this.#mayComeUnseen) return [];
      const all = [...wanted, ...(await rotatedFiles(paths))];
      // The inode of a deleted file may be used again.
      const times = all.map(({ number, inode }) => number !== 0 && inode?.changed).join();
      if (isSettled && idsOf(all) + times === this.#settled?.all) return [];
      const found = await this.#lookAt(all);
      try {
        const now = await wantedFiles(paths);
        // Renames during the look may hide a file, or make it look like another.
        if (idsOf([...now, ...(await rotatedFiles(paths))]) !== idsOf(all)) continue;
        await this.#take(found, isFirst, context);
        this.#settled = found.isCopying ? undefined : { wanted: idsOf(wanted), all: idsOf(all) + times };
        const ended = [...this.#missing.keys()];
        this.#missing.clear();
        return ended;
      } finally {
        const begun = new Set([...this.#files.values()].map(({ file }) => file.handle));
        for (const { opened } of found.fresh) if (!begun.has(opened.handle)) await opened.handle.close();
      }
    }
  }

  /** Whether a rotation may leave the wanted paths unchanged. */
  get #mayComeUnseen(): boolean {
    const isCopied = [...this.#files.values()].some((file) => file.isUnread && this.#isWanted(file));
    return isCopied || this.#wanted.some(({ path: file, pattern, inode }) => !inode || file !== pattern);
  }

  async #lookAt(all: readonly LogFile[]): Promise<Found> {
    const found: Found = {
      all,
      fresh: [],
      shut: [],
      newest: new Map(),
      gone: new Set(this.#seen.files),
      isCopying: false,
    };
    const names = new Set(all.map(({ path: name }) => name));
    for (const file of all) {
      if (!file.inode) continue;
      const open = this.#of(file.inode);
      if (open) {
        if (open.seen) found.gone.delete(open.seen);
        know(found, file, open.words);
      } else if (this.#seen.shut.has(shutId(file.inode))) found.shut.push({ file, why: 'was told before' });
      else if (file.packing !== undefined && file.packing !== 'gz')
        found.shut.push({ file, why: `is packed as ${file.packing}, which is not read` });
      // During compression, and where both are kept, only the plain file is read.
      else if (file.packing === undefined || !names.has(file.path.slice(0, -'.gz'.length)))
        await this.#lookAtNew(file, found);
    }
    return found;
  }

  async #lookAtNew(file: LogFile, found: Found): Promise<void> {
    const known = this.#copies.get(keyOf(file.inode!));
    if (known && this.#files.has(known.partition)) return know(found, file, known.words);
    const opened = await openFile(file.path).catch((error: unknown) => {
      if (file.number === 0 || !isDenied(error)) throw error;
      found.shut.push({ file, why: `cannot be opened: ${(error as Error).message}` });
    });
    if (!opened) return;
    let isFresh = false;
    try {
      // Notices an unreadable file.
      await readAt(opened.handle, 0, HEAD_BYTES);
      const { original, isCopy } = await this.#originalOf(opened);
      if (isCopy === 'perhaps') found.isCopying = true;
      else if (original) know(found, file, original.words);
      if (isCopy === true) this.#copies.set(keyOf(opened), original!);
      if (original) return;
      const isWanted = file.number === 0;
      const seen = await seenAs(
        opened,
        [...found.gone].filter(({ base }) => isWanted || base === file.base),
      );
      if (seen) {
        found.gone.delete(seen);
        know(found, file, `${file.base} byte ${seen.at}`);
        const { size } = await opened.handle.stat({ bigint: true });
        if (!isWanted && seen.at === Number(size)) return;
      }
      found.fresh.push({ file, opened, ...(seen && { seen }) });
      isFresh = true;
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error;
      found.shut.push({ file, why: `is damaged: ${error.message}` });
    } finally {
      if (!isFresh) await opened.handle.close();
    }
  }

  /** Opens fresh files, reports gaps, and saves which files need not be read again. */
  async #take(found: Found, isFirst: boolean, context: ReadContext): Promise<void> {
    const { all, gone } = found;
    const { patterns, files, shut } = this.#seen;
    const before = JSON.stringify(this.#seen.state);
    const isAtEnd = isFirst && this.options.from === 'end';
    const known = [...this.#files.values()].map(({ file }) => file);
    // Beside a new pattern, old files are not read. Earlier versions saved no patterns, and had read all files older
    // than the ones read now.
    const isOld = ({ base, pattern, inode, number }: LogFile): boolean => {
      if (number === 0 || patterns.has(pattern)) return false;
      const read = known.filter((file) => file.path === base);
      return read.length === 0 || read.some(({ written }) => written >= inode!.written);
    };
    const ends = new Map<string, Json>();
    try {
      for (const { file, opened, seen } of found.fresh.sort(rotatedFirst)) {
        const size = Number((await opened.handle.stat({ bigint: true })).size);
        if (isOld(file)) {
          if (size > 0)
            files.add(await seenFileOf(file.base, opened.handle, size, file.packing !== undefined));
          continue;
        }
        const at = isAtEnd ? size : (seen?.at ?? 0);
        const begun = await this.#begin({ ...opened, path: file.base }, { at, isSaved: isAtEnd, seen });
        if (isAtEnd) ends.set(begun.partition, json(await begun.placeAt(at)));
      }
      const unlisted = known.filter((file) => !all.some(({ inode }) => inode && isSameFile(inode, file)));
      const untold = found.shut.filter(({ file }) => !shut.has(shutId(file.inode!)) && !isOld(file));
      const fresh = found.fresh.filter(({ file }) => !isOld(file));
      for (const gap of gapsIn({ ...found, fresh, shut: untold }, this.#missing, unlisted.length))
        context.reportGap(gap);
      for (const seen of gone) files.delete(seen);
      const ids = new Set(all.flatMap((file) => (file.inode ? [shutId(file.inode)] : [])));
      for (const id of shut) if (!ids.has(id)) shut.delete(id);
      for (const { file } of found.shut) shut.add(shutId(file.inode!));
      for (const pattern of this.options.paths) patterns.add(path.resolve(pattern));
      // All seen files are saved at once: a process that knew only some would read the others from their beginning.
      if (before !== JSON.stringify(this.#seen.state) || isFirst)
        await context.save(new Map([...ends, [SEEN, this.#seen.state]]));
    } catch (error) {
      const handles = new Set(found.fresh.map(({ opened }) => opened.handle));
      for (const [partition, { file }] of this.#files)
        if (handles.has(file.handle)) this.#files.delete(partition);
      throw error;
    }
  }

  async #begin(
    opened: OpenFile,
    from: { readonly at: number; readonly isSaved: boolean; readonly seen?: SeenFile | undefined },
  ): Promise<TailedFile> {
    const partition = randomUUID().slice(0, 8);
    const file = await TailedFile.of(partition, opened, this.#format, this.options.maxLine, from);
    file.seen = from.seen;
    this.#files.set(partition, file);
    return file;
  }

  #of(inode: Pick<Inode, 'dev' | 'ino'>): TailedFile | undefined {
    for (const file of this.#files.values()) if (isSameFile(file.file, inode)) return file;
    return undefined;
  }

  /** The file that was copied to the opened file, as `copytruncate` and `gzip` do. */
  async #originalOf(opened: OpenFile): Promise<{ original?: TailedFile; isCopy?: true | 'perhaps' }> {
    const [folder, name] = [path.dirname(opened.path), path.basename(opened.path)];
    for (const original of this.#files.values()) {
      const { path: base } = original.file;
      if (path.dirname(base) !== folder || !isRotatedName(name, path.basename(base))) continue;
      const isCopy = await original.isCopiedIn(opened, this.#isWanted(original));
      if (isCopy) return { original, isCopy };
    }
    return {};
  }

  async *#linesOf(file: TailedFile, context: ReadContext): AsyncGenerator<Delivered<string>, void, void> {
    const wasUnread = file.isUnread;
    let look: Look;
    try {
      look = await file.look();
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error;
      this.#tellLost(file, `the rest is damaged: ${error.message}`, context);
      this.#seen.shut.add(shutId(file.file));
      yield* this.#leave(file, context);
      return;
    }
    // The file at this path now has other contents, or was copied and truncated before its first look.
    if (look.what === 'replaced' || (wasUnread && !file.isUnread)) this.#settled = undefined;
    if (look.what === 'replaced') {
      if (await file.moveToCopy()) return;
      this.#tellLost(file, 'it was written anew, and no copy of it is beside it', context);
      await this.#close(file);
      yield* this.#last(file, context);
      return;
    }
    yield* this.#deliver(file, look.lines, context);
    if (look.lines.length > 0) return;
    if (this.#isWanted(file)) file.wantedAt = performance.now();
    if (performance.now() - Math.max(file.grownAt, file.wantedAt) < this.options.leaveAfter) return;
    yield* this.#leave(file, context);
  }

  #tellLost({ partition, words, unread, lookedAt }: TailedFile, why: string, context: ReadContext): void {
    context.reportGap({
      partition,
      after: words,
      ...(unread > 0 && { lost: { amount: unread, unit: 'bytes' } }),
      why,
      since: lookedAt,
    });
  }

  /** Ends a file that was read completely. */
  async *#leave(file: TailedFile, context: ReadContext): AsyncGenerator<Delivered<string>, void, void> {
    yield* this.#deliver(file, file.rest(), context);
    if (file.isSaved) {
      if (file.seen) this.#seen.files.delete(file.seen);
      this.#seen.files.add(await file.seenNow());
      await context.save(new Map([[SEEN, this.#seen.state]]));
    }
    await this.#close(file);
    yield* this.#last(file, context);
  }

  async *#deliver(
    file: TailedFile,
    lines: Delivered<string> & readonly unknown[],
    { save }: ReadContext,
  ): AsyncGenerator<Delivered<string>, void, void> {
    if (lines.length === 0) return;
    if (!file.isSaved) await save(new Map([[file.partition, json(file.beginning())]]));
    file.isSaved = true;
    yield lines;
  }

  async #close(file: TailedFile): Promise<void> {
    this.#files.delete(file.partition);
    await file.file.handle.close();
  }

  /** Delivers the rest of a file that grows no more. */
  async *#last(file: TailedFile, context: ReadContext): AsyncGenerator<Delivered<string>, void, void> {
    yield* this.#deliver(file, file.rest(), context);
    if (file.isSaved) yield { endOf: file.partition };
  }

  #isWanted({ file }: TailedFile): boolean {
    return this.#wanted.some(({ inode }) => inode && isSameFile(inode, file));
  }
}

async function seenAs(opened: OpenFile, among: Iterable<SeenFile>): Promise<SeenFile | undefined> {
  for (const seen of among) if (await isSeen(opened, seen)) return seen;
  return undefined;
}

function json(place: FilePlace): Json {
  return place as unknown as Json;
}
