import { watch, type FSWatcher } from 'node:fs';

/** Ends a reader's rest when a folder changes; polling finds changes that the system does not report. */
export class FolderWatch {
  readonly #watchers = new Map<string, FSWatcher>();
  #wake: () => void = () => undefined;
  #hasChanged = false;

  watch(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.wake());
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch {
      // Watching fails if the folder is not there yet, or if there are too many watchers on this machine.
    }
  }

  /** A change after this call skips the next rest. */
  begin(): void {
    this.#hasChanged = false;
  }

  wake(): void {
    this.#wake();
  }

  async rest(milliseconds: number): Promise<void> {
    if (this.#hasChanged) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => (this.#hasChanged = true);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}
