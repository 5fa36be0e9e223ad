import { LocalDiskDataStore } from 'selvage/adapters/data-stores/local-disk';
import { describeDataStore } from 'selvage/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describeDataStore('a folder', {
  async create() {
    const folder = await mkdtemp(join(tmpdir(), 'values-'));
    return {
      adapter: new LocalDiskDataStore({ folder }),
      another: async () => new LocalDiskDataStore({ folder }),
      cleanUp: () => rm(folder, { recursive: true }),
    };
  },
});
