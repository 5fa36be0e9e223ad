import { createHash, randomUUID } from 'node:crypto';
import { SelvageError } from '../../../errors';
import type { ValkeyConnection } from '../../shared/valkey';
import { CHUNK_BYTES, type Manifest } from './record';
import { DISCARD, FINISH } from './scripts';
import { inChunks } from '../../shared/pieces';

/** So many chunks are on their way at once. */
const CHUNKS_UNDER_WAY = 3;
/** A stream must be whole within a day. What a killed process has left is gone by then. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** Where a value is kept: its own key, and what the scripts need beside it. */
export interface ValueKeys {
  readonly index: string;
  readonly chunk: string;
  value(hash: string): string;
}

/** Writes the pieces as chunks, and in the end makes them the value. `hashOf` is asked at the end, with the digest of all bytes. */
export async function upload(
  connection: ValkeyConnection,
  keys: ValueKeys,
  pieces: AsyncIterable<Uint8Array>,
  hashOf: (digest: string) => string,
): Promise<{ hash: string; size: number }> {
  const id = randomUUID();
  const digest = createHash('sha256');
  const writer = new ChunkWriter(connection, keys.chunk, id);
  let size = 0;
  let hash: string | undefined;
  try {
    for await (const chunk of inChunks(pieces, CHUNK_BYTES)) {
      digest.update(chunk);
      size += chunk.byteLength;
      await writer.write(chunk);
    }
    await writer.flush();
    hash = hashOf(digest.digest('hex'));
    const finished = await connection.run(
      FINISH,
      [keys.index, keys.chunk, keys.value(hash)],
      [connection.settings.ttl, hash, id, writer.written, size],
    );
    if (finished !== 1) throw chunksGone(connection.place);
    return { hash, size };
  } catch (error) {
    await writer.discard(keys, hash);
    throw error;
  }
}

/** The chunks of a value, read one ahead; ends before the first that is missing. */
export async function* readChunks(
  connection: ValkeyConnection,
  keys: ValueKeys,
  { upload: id, chunks }: Manifest,
): AsyncGenerator<Uint8Array> {
  const read = (sequence: number): Promise<unknown> | undefined => {
    if (sequence >= chunks) return undefined;
    const reading = connection.command('get', `${keys.chunk}${id}:${sequence}`);
    // Whoever leaves does not wait for the one ahead.
    reading.catch(() => undefined);
    return reading;
  };
  let next = read(0);
  for (let sequence = 0; next !== undefined; sequence += 1) {
    const chunk = await next;
    if (!Buffer.isBuffer(chunk)) return;
    next = read(sequence + 1);
    yield chunk;
  }
}

class ChunkWriter {
  readonly #connection: ValkeyConnection;
  readonly #base: string;
  readonly #id: string;
  readonly #underWay: Promise<unknown>[] = [];
  written = 0;

  constructor(connection: ValkeyConnection, base: string, id: string) {
    this.#connection = connection;
    this.#base = base;
    this.#id = id;
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#underWay.length >= CHUNKS_UNDER_WAY) await this.#underWay.shift();
    const writing = this.#connection.command(
      'set',
      `${this.#base}${this.#id}:${this.written}`,
      bytes,
      'PX',
      ABANDONED_AFTER_MS,
    );
    // Heard of when its turn comes.
    writing.catch(() => undefined);
    this.#underWay.push(writing);
    this.written += 1;
  }

  async flush(): Promise<void> {
    while (this.#underWay.length > 0) await this.#underWay.shift();
  }

  /**
   * Removes what was written, unless a finish that was answered with an error has made it the value of `hash`. A finish that comes later still
   * finds no chunks. The first error is the one to tell; what cannot be removed now goes by itself within a day.
   */
  async discard(keys: ValueKeys, hash: string | undefined): Promise<void> {
    await Promise.allSettled(this.#underWay);
    const value = hash === undefined ? [] : [keys.value(hash)];
    await this.#connection
      .run(DISCARD, [keys.index, keys.chunk, ...value], [this.#id, this.written])
      .catch(() => undefined);
  }
}

function chunksGone(place: string): SelvageError {
  return new SelvageError(
    'BackendUnavailable',
    `A value that was being written to the Valkey server ${place} has lost chunks on the way: it took longer than a day, or the server restarted ` +
      'without its data, or made room for something else. It is written again.',
    { details: { server: place } },
  );
}
