import { open } from 'node:fs/promises';
import * as path from 'node:path';
import { createLocalDiskDataStore } from '../../src/adapters/data-stores/local-disk';
import { describeDataStore } from '../../src/testing';
import { removeFolder, temporaryFolder } from './temporary-folder';

describeDataStore('local-disk', {
  async create() {
    const folder = await temporaryFolder();
    return {
      adapter: await createLocalDiskDataStore({ folder }),
      another: () => createLocalDiskDataStore({ folder }),
      async damage(hash) {
        const digest = hash.slice(hash.indexOf(':') + 1);
        const name = hash.replace(':', '-');
        const file = await open(path.join(folder, digest.slice(0, 2), digest.slice(2, 4), name), 'r+');
        await file.write(Buffer.from('~'), 0, 1, 0);
        await file.close();
      },
      cleanUp: () => removeFolder(folder),
    };
  },
});
