import { closeSync, copyFileSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';

/** A log of this many bytes is renamed to `….1`, replacing an older one. */
const ROTATE_BYTES = 10 * 1024 * 1024;

/** Rotates the log if it is due. Processes that have it open continue appending to the same file, so that file stays and is emptied. */
export function rotateLog(file: string): void {
  if (sizeOf(file) < ROTATE_BYTES) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

/** The log's current length, by which {@link logTail} later finds what was written since. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last lines of the log that were written after position `from`. */
export function logTail(file: string, from = 0, { lines = 15, bytes: limit = 4096 } = {}): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const size = fstatSync(descriptor).size;
    const start = Math.max(from <= size ? from : 0, size - limit);
    const bytes = Buffer.alloc(size - start);
    readSync(descriptor, bytes, 0, bytes.length, start);
    return bytes.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    closeSync(descriptor);
  }
}
