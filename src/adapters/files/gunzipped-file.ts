import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { FileBytes } from './file-identity';

/** This many first bytes are kept, because reading them again would decompress anew. */
const HEAD_BYTES = 1_024;
/** A `.gz` ends with this many bytes, which tell how many bytes were compressed, modulo 2^32. */
const SIZE_BYTES = 4;

export class DamagedFile extends Error {}

/**
 * The contents of a `.gz`, decompressed as far as somebody reads. Only the bytes asked for last are kept: reading
 * backwards, except in the head, starts from the beginning.
 */
export class GunzippedFile implements FileBytes {
  #chunks: AsyncIterator<Buffer> | undefined;
  #stop: () => void = () => undefined;
  #head = Buffer.alloc(0);
  #window = Buffer.alloc(0);
  #windowAt = 0;
  #hasEnded = false;
  #damage: DamagedFile | undefined;

  constructor(private readonly file: FileHandle) {}

  async stat(): ReturnType<FileBytes['stat']> {
    const stats = await this.file.stat({ bigint: true });
    const trailer = Buffer.alloc(SIZE_BYTES);
    await this.file.read(trailer, 0, SIZE_BYTES, Math.max(0, Number(stats.size) - SIZE_BYTES));
    const read = this.#windowAt + this.#window.length;
    // The reported size is one byte more than can be read, so that the next read reports the damage.
    if (this.#damage) return { size: BigInt(read + 1), mtimeNs: stats.mtimeNs };
    const size = this.#hasEnded ? read : Math.max(read, trailer.readUInt32LE());
    return { size: BigInt(size), mtimeNs: stats.mtimeNs };
  }

  /** Throws `DamagedFile`, once everything before the damage was read. */
  async read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }> {
    if (position + length <= this.#head.length)
      return { bytesRead: this.#head.copy(buffer, offset, position, position + length) };
    if (position < this.#windowAt) this.#begin();
    const isBeyond = (): boolean => position + length > this.#windowAt + this.#window.length;
    while (isBeyond() && !this.#hasEnded) await this.#more(position);
    const from = position - this.#windowAt;
    if (from >= this.#window.length) {
      if (this.#damage) throw this.#damage;
      return { bytesRead: 0 };
    }
    return { bytesRead: this.#window.copy(buffer, offset, from, from + length) };
  }

  async close(): Promise<void> {
    this.#stop();
    await this.file.close();
  }

  #begin(): void {
    this.#stop();
    const source = this.file.createReadStream({ start: 0, autoClose: false });
    const gunzip = createGunzip();
    source.on('error', (error) => gunzip.destroy(error));
    source.pipe(gunzip);
    this.#stop = () => {
      source.destroy();
      gunzip.destroy();
    };
    this.#chunks = gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#window = Buffer.alloc(0);
    this.#windowAt = 0;
    this.#hasEnded = false;
    this.#damage = undefined;
  }

  /** @param from the lowest position that the next reads need */
  async #more(from: number): Promise<void> {
    if (!this.#chunks) this.#begin();
    let bytes: Buffer | undefined;
    try {
      bytes = (await this.#chunks!.next()).value as Buffer | undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
      this.#damage = new DamagedFile((error as Error).message, { cause: error });
    }
    if (!bytes) {
      this.#hasEnded = true;
      return;
    }
    if (this.#head.length < HEAD_BYTES && this.#windowAt + this.#window.length === this.#head.length)
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, HEAD_BYTES - this.#head.length)]);
    const kept = this.#window.subarray(Math.max(0, Math.min(from - this.#windowAt, this.#window.length)));
    this.#windowAt += this.#window.length - kept.length;
    this.#window = Buffer.concat([kept, bytes]);
  }
}
