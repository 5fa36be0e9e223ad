import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { isAlive, isProcessIdentity, ownIdentity, type ProcessIdentity } from './process-identity';
import { inFolder, type ServerFolder } from './server-folder';

/** A lease file that is still incomplete after this time never will be complete. */
const INCOMPLETE_MS = 5_000;

/** A claim of this process on the server, which runs while a live process has a claim. */
export interface Lease {
  /** Releases the lease; synchronous, for the end of the process. A second call of `release` does nothing. */
  release(): void;
  readonly file: string;
}

/** Takes a lease until the process exits in an orderly way; a crash leaves a stale file. */
export function takeLease(folder: ServerFolder): Lease {
  const file = path.join(folder.leases, `${process.pid}-${randomUUID()}.json`);
  inFolder(file, () => writeFileSync(file, JSON.stringify(ownIdentity()), { flag: 'wx', mode: 0o600 }));
  if (heldFiles.size === 0) process.on('exit', releaseAll);
  heldFiles.add(file);
  return {
    file,
    release: () => {
      if (!heldFiles.delete(file)) return;
      if (heldFiles.size === 0) process.off('exit', releaseAll);
      rmSync(file, { force: true });
    },
  };
}

/** The lease files of live processes, but for `except`. The lease files of dead processes are removed. */
export function liveLeases(folder: ServerFolder, except?: Lease): string[] {
  return readdirSync(folder.leases)
    .map((name) => path.join(folder.leases, name))
    .filter((file) => file !== except?.file && isLive(file));
}

const heldFiles = new Set<string>();

function releaseAll(): void {
  for (const file of heldFiles) rmSync(file, { force: true });
}

function isLive(file: string): boolean {
  const holder = readHolder(file);
  if (holder === 'incomplete') return true;
  if (holder !== undefined && isAlive(holder)) return true;
  rmSync(file, { force: true });
  return false;
}

function readHolder(file: string): ProcessIdentity | 'incomplete' | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isProcessIdentity(holder) ? holder : undefined;
  } catch {
    const stats = statSync(file, { throwIfNoEntry: false });
    // A time in the future is of a clock that was set back since.
    return stats && Math.abs(Date.now() - stats.mtimeMs) < INCOMPLETE_MS ? 'incomplete' : undefined;
  }
}
