import { createHash, randomBytes } from 'node:crypto';
import { createLocalDiskDataStore } from '../../../src/adapters/disk';

/** Puts one large value after the other until it is killed. Arguments: folder, bytes. */
async function main(): Promise<void> {
  const [folder = '', size = '0'] = process.argv.slice(2);
  const store = await createLocalDiskDataStore({ folder });
  for (;;) {
    const bytes = randomBytes(Number(size));
    const hash = `bytes-sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    process.stdout.write(`begin ${hash}\n`);
    await store.put([{ hash, bytes }]);
    process.stdout.write(`end ${hash}\n`);
  }
}

void main();
