import { randomUUID } from 'node:crypto';
import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import type { Json } from '../../values';
import type { Delivered, FileTailSettings, OpenSource, Places, ReadContext, SourceLag } from '../../streams';
import {
  TAIL_BYTES,
  findFile,
  inodeAt,
  isRotatedName,
  matchingFiles,
  openFile,
  readAt,
  type FilePlace,
  type Inode,
  type OpenFile,
} from './file-identity';
import { lineFormat, type LineFormat } from './lines';
import { TailedFile } from './tailed-file';

/** Stands beside the partitions: what was there at first has been passed over, and nothing is from then on. */
const BEGUN_AT_ENDS = '';

/**
 * Reads the lines of files as they are written.
 *
 * L1  A file has a random name, as a partition, which is saved before its first line is delivered. So whoever reads it
 *     again after a crash knows its lines by the same names.
 * L2  A file is what its bytes are: its first ones, and those before the place up to which it was read. A name says
 *     nothing, and an inode only where to look first.
 * L3  A file that has no wanted name any more is read on until it does not grow.
 */
export function openFileTail(options: FileTailSettings): OpenSource<string> {
  const tail = new FileTail(options);
  return {
    read: (after, context) => tail.read(after, context),
    lag: () => tail.lag(),
    close: () => tail.close(),
  };
}

class FileTail {
  readonly #options: FileTailSettings;
  readonly #format: LineFormat;
  readonly #files = new Map<string, TailedFile>();
  /** Copies of files that are read. */
  readonly #copies = new Set<string>();
  readonly #watchers = new Map<string, FSWatcher>();
  #wake: () => void = () => undefined;
  #hasChanged = false;

  constructor(options: FileTailSettings) {
    this.#options = options;
    this.#format = lineFormat(options.encoding);
  }

  async *read(after: Places, context: ReadContext): AsyncGenerator<Delivered<string>, void, void> {
    const { signal, trouble } = context;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    let isFirst = after.size === 0;
    for (const [partition, place] of after) {
      if (partition === BEGUN_AT_ENDS) continue;
      const ended = await this.#reopen(partition, place as unknown as FilePlace);
      if (ended) yield { endOf: partition };
    }
    while (!signal.aborted) {
      this.#hasChanged = false;
      let hasRead = false;
      try {
        await this.#discover(isFirst, context);
        isFirst = false;
        for (const file of [...this.#files.values()]) {
          for await (const delivered of this.#linesOf(file, context)) {
            hasRead = true;
            yield delivered;
            if (signal.aborted) return;
          }
        }
        trouble(undefined);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
        trouble(`cannot read: ${(error as Error).message}`);
        hasRead = false;
      }
      if (!hasRead) await this.#rest(signal);
    }
  }

  async lag(): Promise<SourceLag> {
    const left = await Promise.all([...this.#files.values()].map((file) => file.left().catch(() => 0)));
    return { amount: left.reduce((sum, bytes) => sum + bytes, 0), unit: 'bytes' };
  }

  async close(): Promise<void> {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map(({ file }) => file.handle.close().catch(() => undefined)));
  }

  /** True: the file of a checkpoint is gone, and all that was not read of it. */
  async #reopen(partition: string, place: FilePlace): Promise<boolean> {
    const found = await findFile(place);
    if (!found) return true;
    this.#files.set(
      partition,
      await TailedFile.of(partition, { ...found, path: place.path }, this.#format, this.#options.maxLine, {
        at: place.at,
        isSaved: true,
      }),
    );
    return false;
  }

  /** Opens what has come. */
  async #discover(isFirst: boolean, context: ReadContext): Promise<void> {
    const { paths, from } = this.#options;
    const isAtEnd = isFirst && from === 'end';
    const ends = new Map<string, Json>();
    try {
      for (const file of await matchingFiles(paths)) {
        this.#watch(path.dirname(file));
        const inode = await inodeAt(file);
        if (!inode || this.#copies.has(keyOf(inode)) || this.#of(inode)) continue;
        const opened = await openFile(file);
        if (!opened) continue;
        const isCopy = await this.#isCopy(opened);
        if (isCopy === true) this.#copies.add(keyOf(opened));
        if (isCopy !== false) {
          await opened.handle.close();
          continue;
        }
        const at = isAtEnd ? (await opened.handle.stat()).size : 0;
        const begun = await this.#begin(opened, { at, isSaved: isAtEnd });
        if (isAtEnd) ends.set(begun.partition, json(await placeOf(begun, at)));
      }
      // All at once: a process that knew only some of them would read the others from their beginning.
      if (isAtEnd) await context.save(new Map([...ends, [BEGUN_AT_ENDS, 'begun at the ends of the files']]));
    } catch (error) {
      for (const partition of ends.keys()) await this.#close(this.#files.get(partition)!);
      throw error;
    }
  }

  async #begin(opened: OpenFile, from = { at: 0, isSaved: false }): Promise<TailedFile> {
    const partition = randomUUID().slice(0, 8);
    const file = await TailedFile.of(partition, opened, this.#format, this.#options.maxLine, from);
    this.#files.set(partition, file);
    return file;
  }

  #of(inode: Inode): TailedFile | undefined {
    for (const file of this.#files.values())
      if (file.file.dev === inode.dev && file.file.ino === inode.ino) return file;
    return undefined;
  }

  /** Whether a file is what `copytruncate` has made of one that is read. */
  async #isCopy(opened: OpenFile): Promise<boolean | 'perhaps'> {
    for (const file of this.#files.values()) {
      const { path: original } = file.file;
      const isNamedSo =
        path.dirname(original) === path.dirname(opened.path) &&
        isRotatedName(path.basename(opened.path), path.basename(original));
      const isCopied = isNamedSo && (await file.isCopiedIn(opened));
      if (isCopied !== false) return isCopied;
    }
    return false;
  }

  async *#linesOf(file: TailedFile, context: ReadContext): AsyncGenerator<Delivered<string>, void, void> {
    const look = await file.look();
    if (look.what === 'replaced') {
      const { dev, ino, path: name } = file.file;
      const isStillThere = await inodeAt(name);
      const isLeft = !(await file.moveToCopy());
      if (isLeft) await this.#close(file);
      // Whatever is in the file now is another file.
      if (isStillThere?.dev === dev && isStillThere.ino === ino) {
        const opened = await openFile(name);
        if (opened) await this.#begin(opened);
      }
      if (isLeft) yield* this.#last(file, context);
      return;
    }
    yield* this.#deliver(file, look.lines, context);
    if (look.lines.length > 0) return;
    if (await this.#isWanted(file)) file.wantedAt = performance.now();
    if (performance.now() - Math.max(file.grownAt, file.wantedAt) < this.#options.leaveAfter) return;
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

  /** What is left of a file that gets no more. */
  async *#last(file: TailedFile, context: ReadContext): AsyncGenerator<Delivered<string>, void, void> {
    yield* this.#deliver(file, file.rest(), context);
    if (file.isSaved) yield { endOf: file.partition };
  }

  /** Whether a wanted path leads to the file. */
  async #isWanted({ file: { dev, ino } }: TailedFile): Promise<boolean> {
    for (const wanted of await matchingFiles(this.#options.paths)) {
      const inode = await inodeAt(wanted);
      if (inode?.dev === dev && inode.ino === ino) return true;
    }
    return false;
  }

  /** A hint only: the poll finds whatever the system does not tell. */
  #watch(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#wake());
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch {
      // The folder is not there yet, or there are too many watchers on this machine.
    }
  }

  async #rest(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#hasChanged) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.poll);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => (this.#hasChanged = true);
  }
}

async function placeOf(file: TailedFile, at: number): Promise<FilePlace> {
  const { handle } = file.file;
  const from = Math.max(0, at - TAIL_BYTES);
  return file.place(at, await readAt(handle, from, at - from));
}

function json(place: FilePlace): Json {
  return place as unknown as Json;
}

function keyOf({ dev, ino, changed }: Inode): string {
  return `${dev}:${ino}:${changed}`;
}
