import { closeSync, copyFileSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';

/** From this size on, a log is renamed to `….1`, replacing an older one. */
const ROTATE_BYTES = 10 * 1024 * 1024;

/** Copies and empties the log, since processes that have it open go on appending to the same file. */
export function rotateLog(file: string): void {
  if (sizeOf(file) < ROTATE_BYTES) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

/** The log's length, from which {@link logTail} later reads. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

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
