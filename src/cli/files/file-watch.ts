import { createHash } from 'node:crypto';
import { readFileSync, statSync, watch, type FSWatcher } from 'node:fs';
import path from 'node:path';

/** Wait for changes to settle: editors write in several steps, and a checkout touches many files at once. */
const SETTLE_MS = 100;
/** A mark that differs from every fingerprint, for a file that has changed. */
const UNKNOWN = 'unknown';

/** Watches files for new content. Folders are watched, because most editors replace a file by a new one. */
export class FileWatch {
  private readonly contents = new Map<string, string>();
  private readonly folders = new Map<string, FSWatcher>();
  private settling: NodeJS.Timeout | undefined;
  private readonly touched = new Set<string>();

  /** @param onChange called with the changed files once changes have settled */
  constructor(private readonly onChange: (files: readonly string[]) => void) {}

  /**
   * Adds files, which need not exist. The present content of added files counts as unchanged.
   *
   * @param since milliseconds since the epoch: later changes are reported, because a reader may have missed them
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
    // The folder is gone; the worker's next start reports it.
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

/** The time of a file's last change or replacement, in milliseconds since the epoch; 0 without a file. */
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
