import { open, utimes } from 'node:fs/promises';
import * as path from 'node:path';
import { createLocalDiskDataStore } from '../../src/adapters/disk';
import { describeDataStore } from '../../src/testing';
import { removeFolder, temporaryFolder } from './temporary-folder';

describeDataStore('local-disk', {
  async create() {
    const folder = await temporaryFolder();
    return {
      adapter: await createLocalDiskDataStore({ folder }),
      another: () => createLocalDiskDataStore({ folder }),
      async age(hash, by) {
        const seconds = (Date.now() - by) / 1000;
        await utimes(fileOf(folder, hash), seconds, seconds);
      },
      async damage(hash) {
        const file = await open(fileOf(folder, hash), 'r+');
        await file.write(Buffer.from('~'), 0, 1, 0);
        await file.close();
      },
      cleanUp: () => removeFolder(folder),
    };
  },
  skip: [
    {
      test: 'loses nothing when its connections break, and makes new ones by itself',
      reason: 'a folder has no connections',
    },
  ],
});

function fileOf(folder: string, hash: string): string {
  const digest = hash.slice(hash.indexOf(':') + 1);
  return path.join(folder, digest.slice(0, 2), digest.slice(2, 4), hash.replace(':', '-'));
}
