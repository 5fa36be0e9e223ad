import { createHash } from 'node:crypto';
import { readFileSync, watch, type FSWatcher } from 'node:fs';
import path from 'node:path';

/** Editors write in several steps, and a checkout touches many files at once. */
const SETTLE_MS = 100;

/**
 * Watches files for changes of their content. Folders are watched rather than files, because most editors put a new file in the
 * place of the old one.
 */
export class FileWatch {
  private readonly contents = new Map<string, string>();
  private readonly folders = new Map<string, FSWatcher>();
  private settling: NodeJS.Timeout | undefined;
  private readonly touched = new Set<string>();

  /** @param onChange hears of the files whose content has changed, once things have settled. */
  constructor(private readonly onChange: (files: readonly string[]) => void) {}

  /** Adds files; what they hold now counts as unchanged. Those that do not exist are watched for, too. */
  add(files: readonly string[]): void {
    for (const file of files) {
      if (!this.contents.has(file)) this.contents.set(file, fingerprint(file));
      this.watchFolder(path.dirname(file));
    }
  }

  close(): void {
    clearTimeout(this.settling);
    for (const watcher of this.folders.values()) watcher.close();
    this.folders.clear();
  }

  private watchFolder(folder: string): void {
    if (this.folders.has(folder)) return;
    const watcher = watch(folder, (_, name) => {
      // Some systems do not say which file it was.
      const files = name === null ? [...this.contents.keys()] : [path.join(folder, name)];
      for (const file of files) if (this.contents.has(file)) this.touched.add(file);
      if (this.touched.size > 0) this.settle();
    });
    // The folder is gone, and its files with it; the next start of the worker says so.
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

function fingerprint(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return 'absent';
  }
}
