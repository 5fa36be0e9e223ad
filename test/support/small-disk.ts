import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A separate file system in memory, small enough to be filled quickly. */
export class SmallDisk {
  readonly folder: string;
  readonly #filling: string;
  /** The read-only folder, once requested. */
  #readOnly: string | undefined;

  /** @param mebibytes its size */
  constructor(mebibytes: number) {
    this.folder = mkdtempSync(path.join(tmpdir(), 'selvage-test-disk-'));
    this.#filling = path.join(this.folder, 'filling');
    const failure = mount('-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', this.folder);
    if (failure !== undefined) {
      rmdirSync(this.folder);
      throw new Error(`A small disk cannot be mounted: ${failure}`);
    }
    chmodSync(this.folder, 0o711);
  }

  /** Fills the remaining space. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.folder);
    try {
      writeFileSync(this.#filling, Buffer.alloc(Number(bavail) * Number(bsize)), { flag: 'a' });
    } catch (error) {
      // Another process took some of it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  /** Frees the space taken by {@link fill}. */
  free(): void {
    rmSync(this.#filling);
  }

  /** Makes it read-only for everybody. Impossible while a file of it is open for writing. */
  forbidWriting(): void {
    this.#remount('ro');
  }

  allowWriting(): void {
    this.#remount('rw');
  }

  /** Another, read-only folder with the same files, which may be open for writing. */
  readOnly(): string {
    if (this.#readOnly === undefined) {
      this.#readOnly = mkdtempSync(path.join(tmpdir(), 'selvage-test-disk-'));
      const failure =
        mount('--bind', this.folder, this.#readOnly) ?? mount('-o', 'remount,bind,ro', this.#readOnly);
      if (failure !== undefined) throw new Error(`A small disk cannot be mounted once more: ${failure}`);
    }
    return this.#readOnly;
  }

  remove(): void {
    for (const folder of [this.#readOnly, this.folder]) {
      if (folder === undefined) continue;
      const { status, stderr } = spawnSync('umount', ['--lazy', folder], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`A small disk cannot be unmounted: ${stderr}`);
      rmdirSync(folder);
    }
  }

  #remount(how: 'ro' | 'rw'): void {
    const failure = mount('-o', `remount,${how}`, this.folder);
    if (failure !== undefined) throw new Error(`A small disk cannot be made ${how}: ${failure}`);
  }
}

/** Returns the reason of a failure. */
function mount(...args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/** `describe` for tests with {@link SmallDisk}; skipped with the reason on stderr if this user may not mount one. */
export function describeWithSmallDisk(): typeof describe | typeof describe.skip {
  try {
    new SmallDisk(1).remove();
    return describe;
  } catch (error) {
    const file = path.relative(process.cwd(), expect.getState().testPath ?? '');
    process.stderr.write(`SKIPPED: tests of ${file}: ${(error as Error).message}\n`);
    return describe.skip;
  }
}
