/**
 * Streams so many MiB into a data store and out of it again, and prints how much memory that took beyond what the process had before, in MiB:
 * `stream-memory.process.ts MIB URL`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { openBackends } from '../../src/backends';

const MEBIBYTE = 1024 * 1024;

async function main(): Promise<void> {
  const [mebibytes, data] = [Number(process.argv[2]), process.argv[3]!];
  const { dataStore, close } = await openBackends({ store: 'memory:', history: 'memory:', data });
  // Loads all that is loaded late, so that only what the streams take is measured.
  await dataStore.putStream(pieces(1));
  const before = process.memoryUsage.rss();
  const watch = new AbortController();
  const peak = peakMemory(watch.signal);
  const stored = await dataStore.putStream(pieces(mebibytes));
  let size = 0;
  for await (const piece of (await dataStore.getStream(stored.hash))!) size += piece.byteLength;
  watch.abort();
  if (size !== mebibytes * MEBIBYTE || stored.size !== size) throw new Error(`${size} bytes came back.`);
  await dataStore.delete(stored.hash);
  await close();
  process.stdout.write(`${Math.ceil(((await peak) - before) / MEBIBYTE)}\n`);
}

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    const piece = Buffer.alloc(MEBIBYTE, index & 0xff);
    piece.writeUInt32LE(index);
    yield piece;
  }
}

async function peakMemory(signal: AbortSignal): Promise<number> {
  let peak = 0;
  while (!signal.aborted) {
    peak = Math.max(peak, process.memoryUsage.rss());
    await delay(20, undefined, { signal }).catch(() => undefined);
  }
  return peak;
}

void main();
