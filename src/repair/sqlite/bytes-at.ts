import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes by their place: a file, which is never written to. */
export interface BytesAt {
  readonly size: number;
  /** Exactly `length` bytes; the caller sees to it that they are there. */
  read(position: number, length: number): Buffer;
  close(): void;
}

/** An absent file has no bytes. */
export function openBytes(file: string): BytesAt {
  if (!existsSync(file)) return { size: 0, read: () => Buffer.alloc(0), close: () => {} };
  const descriptor = openSync(file, 'r');
  return {
    size: fstatSync(descriptor).size,
    read: (position, length) => {
      const bytes = Buffer.alloc(length);
      for (let done = 0; done < length;) {
        const count = readSync(descriptor, bytes, done, length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return bytes;
    },
    close: () => closeSync(descriptor),
  };
}
