import fs from 'node:fs';

/** So long a reader may be slow. */
const LIMIT_MS = 5_000;
const RETRY_MS = 10;

/** Writes whole, before it returns: where nothing that waits is written any more, or no event loop turns. Nobody need read it. */
export function writeNow(descriptor: 1 | 2, text: string): void {
  const limit = performance.now() + LIMIT_MS;
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(fs.writeSync(descriptor, bytes));
    } catch (error) {
      // A pipe that is full.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > limit) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
