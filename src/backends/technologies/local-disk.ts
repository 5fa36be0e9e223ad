import { existsSync } from 'node:fs';
import { createLocalDiskDataStore } from '../../adapters/disk';
import { requireUsable } from '../../node/writable';
import { fileLocation, type FileLocation } from './file-path';
import type { Technology } from './technology';

export const localDisk: Technology<FileLocation> = {
  name: 'local-disk',
  schemes: ['file'],
  forms: { 'data store': 'file:FOLDER' },
  parse: ({ rest }, projectDir) => fileLocation(['local-disk', 'file'], rest, projectDir, 'a folder'),
  async open({ path }) {
    const store = await createLocalDiskDataStore({ folder: path });
    return { dataStore: () => store, close: () => store.close() };
  },
  async inspect({ path }) {
    requireUsable(path);
    return existsSync(path) ? 'current' : 'absent';
  },
};
