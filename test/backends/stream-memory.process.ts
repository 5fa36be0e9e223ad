/**
 * Streams so many MiB into a data store and out of it again, and prints by how much this process has grown meanwhile, and how many bytes it held at
 * most: `stream-memory.process.ts MIB URL`. Garbage is collected all along: when Node does it by itself is a matter of how busy the machine is.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openBackends } from '../../src/backends';

const MEBIBYTE = 1024 * 1024;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function main(): Promise<void> {
  const [mebibytes, data] = [Number(process.argv[2]), process.argv[3]!];
  const { dataStore, close } = await openBackends({ store: 'memory:', history: 'memory:', data });
  // Loads all that is loaded late, so that only what the streams take is measured.
  await dataStore.putStream(pieces(1));
  const before = process.memoryUsage.rss();
  let [largest, held] = [before, 0];
  let watch = setTimeout(look, 20);
  function look(): void {
    const began = performance.now();
    collect();
    const { rss, arrayBuffers } = process.memoryUsage();
    largest = Math.max(largest, rss);
    held = Math.max(held, arrayBuffers);
    // However slow the machine is, most of the time is the streams'.
    watch = setTimeout(look, 20 + 3 * (performance.now() - began));
  }
  const stored = await dataStore.putStream(pieces(mebibytes));
  let read = 0;
  for await (const piece of (await dataStore.getStream(stored.hash))!) read += piece.byteLength;
  await dataStore.delete(stored.hash);
  clearTimeout(watch);
  await close();
  process.stdout.write(JSON.stringify({ size: stored.size, read, grownBy: largest - before, held }));
}

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    const piece = Buffer.alloc(MEBIBYTE, index & 0xff);
    piece.writeUInt32LE(index);
    yield piece;
  }
}

void main();
