import { open, utimes } from 'node:fs/promises';
import * as path from 'node:path';
import { createLocalDiskDataStore } from '../../src/adapters/disk';
import { describeDataStore } from '../../src/testing';
import { sealing } from '../support/sealing';
import { removeFolder, temporaryFolder } from './temporary-folder';

// Over one store: that each other one takes sealed values is in its own suite ("keeps under its name what was sealed before it came").
for (const subject of [undefined, 'user-42']) {
  describeDataStore(`sealed${subject === undefined ? '' : ', for a subject,'} local-disk`, {
    async create() {
      const folder = await temporaryFolder();
      const { wrap, nameOf } = sealing(subject);
      const fileOf = async (hash: string): Promise<string> => {
        const digest = (await nameOf(hash)).slice('sealed:'.length);
        return path.join(folder, digest.slice(0, 2), digest.slice(2, 4), `sealed-${digest}`);
      };
      return {
        adapter: wrap(await createLocalDiskDataStore({ folder })),
        another: async () => wrap(await createLocalDiskDataStore({ folder })),
        async age(hash, by) {
          const seconds = (Date.now() - by) / 1000;
          await utimes(await fileOf(hash), seconds, seconds);
        },
        async damage(hash) {
          const file = await open(await fileOf(hash), 'r+');
          const byte = Buffer.alloc(1);
          await file.read(byte, 0, 1, 40);
          // Sealed bytes are random: one that is only written might be there already.
          byte[0]! ^= 1;
          await file.write(byte, 0, 1, 40);
          await file.close();
        },
        cleanUp: () => removeFolder(folder),
      };
    },
    skip: [
      {
        test: 'loses nothing when its connections break, and makes new ones by itself',
        reason: 'the store below has no connections',
      },
      {
        test: 'keeps under its name what was sealed before it came, unchecked',
        reason: 'what it is given, it seals itself',
      },
    ],
  });
}
