import { statSync } from 'node:fs';
import type { SqliteConnection } from './connection';
import { onceATurn } from './once-a-turn';
import { patiently } from './patience';

/** The log is moved into the file after a pause of this many milliseconds in writing. */
const QUIET_MS = 1_000;
/** The log is moved into the file at the latest after this many milliseconds. */
const LATEST_MS = 60_000;
/**
 * SQLite moves the log every 128 MB, but restarts it only while no other process reads from it. With two constant
 * writers, a restart may never happen, as waiting for the lock reads. From this size on, the writer awaits such a
 * restart.
 */
const LARGEST_BYTES = 192 * 1024 * 1024;

type UseConnection = <T>(work: (connection: SqliteConnection) => T) => Promise<T>;

/** Keeps the log of a database small, so that an idle file can simply be copied. */
export class SqliteLog {
  readonly #file: string;
  readonly #log: string;
  readonly #use: UseConnection;
  #timer: NodeJS.Timeout | undefined;
  #lastWrite = 0;
  #isTruncating = false;
  readonly #mustLook = onceATurn();
  #isClosed = false;

  /** @param file the database */
  constructor(file: string, use: UseConnection) {
    this.#file = file;
    this.#log = `${file}-wal`;
    this.#use = use;
  }

  noteWrite(): void {
    if (this.#isClosed) return;
    this.#lastWrite = performance.now();
    if (this.#timer === undefined) this.#wait(QUIET_MS, this.#lastWrite);
    if (this.#isTruncating || !this.#mustLook()) return;
    const { size } = statSync(this.#log, { throwIfNoEntry: false }) ?? { size: 0 };
    if (size <= LARGEST_BYTES) return;
    this.#isTruncating = true;
    void this.#truncate();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #wait(ms: number, since: number): void {
    this.#timer = setTimeout(() => {
      const quiet = performance.now() - this.#lastWrite;
      if (quiet < QUIET_MS && performance.now() - since < LATEST_MS)
        return this.#wait(QUIET_MS - quiet, since);
      this.#timer = undefined;
      // A passive checkpoint waits for nobody and blocks nobody. A failed one is repeated after the next write.
      this.#checkpoint('passive').catch(() => undefined);
    }, ms).unref();
  }

  async #truncate(): Promise<void> {
    try {
      await patiently(this.#file, 'use', async () => {
        if (await this.#checkpoint('truncate'))
          throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
      });
    } catch {
      // The next write leads to another checkpoint.
    } finally {
      this.#isTruncating = false;
    }
  }

  /** Moves the log into the file; returns whether other processes prevent it. */
  #checkpoint(mode: 'passive' | 'truncate'): Promise<boolean> {
    return this.#use((connection) => {
      if (this.#isClosed) return false;
      const [state] = connection.all<{ busy: number }>(`pragma wal_checkpoint(${mode})`, []);
      return state?.busy === 1;
    });
  }
}
