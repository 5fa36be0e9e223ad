import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createValkeyDataStore } from '../../src/adapters/data-stores/valkey';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Puts 200 MiB as a stream into the store at the URL, reads them, deletes them, and prints by how much this process has grown meanwhile, and how much it
 * held at most. Garbage is collected all the time: when Node does it by itself is a matter of how busy the machine is, and not what is asked here.
 */
async function main(): Promise<void> {
  const store = await createValkeyDataStore({ url: process.argv[2]! });
  const before = process.memoryUsage().rss;
  let largest = before;
  let held = 0;
  const watch = setInterval(() => {
    collect();
    const { rss, arrayBuffers } = process.memoryUsage();
    largest = Math.max(largest, rss);
    held = Math.max(held, arrayBuffers);
  }, 10);
  const { hash, size } = await store.putStream(pieces(200));
  let read = 0;
  for await (const piece of (await store.getStream(hash))!) read += piece.byteLength;
  await store.delete(hash);
  clearInterval(watch);
  await store.close();
  process.stdout.write(JSON.stringify({ size, read, grownBy: largest - before, held }));
}

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield new Uint8Array(1024 * 1024).fill(index);
}

void main();
