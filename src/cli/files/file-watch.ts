import { createHash } from 'node:crypto';
import { readFileSync, statSync, watch, type FSWatcher } from 'node:fs';
import path from 'node:path';

/** Editors write in several steps, and a checkout touches many files at once. */
const SETTLE_MS = 100;
/** In place of a fingerprint: whatever is there differs from what has been read. */
const UNKNOWN = 'unknown';

/** Watches files for changes of their content. It watches folders rather than files, because most editors replace a file by a new one. */
export class FileWatch {
  private readonly contents = new Map<string, string>();
  private readonly folders = new Map<string, FSWatcher>();
  private settling: NodeJS.Timeout | undefined;
  private readonly touched = new Set<string>();

  /** @param onChange called with the files whose content has changed, once changes have settled */
  constructor(private readonly onChange: (files: readonly string[]) => void) {}

  /**
   * Adds files; their present content counts as unchanged. Files that do not exist are watched for, too.
   *
   * @param since milliseconds since the epoch: files that have changed after it are reported, because whoever has
   *   read them may have read what they were before. Default: none are
   */
  add(files: readonly string[], since = Infinity): void {
    for (const file of files) {
      this.watchFolder(path.dirname(file));
      if (this.contents.has(file)) continue;
      const isChanged = changedAt(file) > since;
      this.contents.set(file, isChanged ? UNKNOWN : fingerprint(file));
      if (isChanged) this.touched.add(file);
    }
    if (this.touched.size > 0) this.settle();
  }

  close(): void {
    clearTimeout(this.settling);
    for (const watcher of this.folders.values()) watcher.close();
    this.folders.clear();
  }

  private watchFolder(folder: string): void {
    if (this.folders.has(folder)) return;
    const watcher = watch(folder, (_, name) => {
      // Some systems do not report which file changed.
      const files = name === null ? [...this.contents.keys()] : [path.join(folder, name)];
      for (const file of files) if (this.contents.has(file)) this.touched.add(file);
      if (this.touched.size > 0) this.settle();
    });
    // The folder and its files are gone; the worker's next start reports it.
    watcher.on('error', () => {
      watcher.close();
      this.folders.delete(folder);
    });
    this.folders.set(folder, watcher);
  }

  private settle(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      const changed = [...this.touched].filter((file) => this.contents.get(file) !== fingerprint(file));
      this.touched.clear();
      for (const file of changed) this.contents.set(file, fingerprint(file));
      if (changed.length > 0) this.onChange(changed);
    }, SETTLE_MS);
  }
}

/** Milliseconds since the epoch; 0 if there is no such file. For one that has replaced another, when it did. */
function changedAt(file: string): number {
  try {
    return statSync(file).ctimeMs;
  } catch {
    return 0;
  }
}

function fingerprint(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return 'absent';
  }
}
