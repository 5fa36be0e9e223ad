import { existsSync } from 'node:fs';
import { createLocalDiskDataStore } from '../../adapters/disk';
import { requireUsable } from '../../writable';
import { filePath } from './file-path';
import type { Location, Technology } from './technology';

interface FolderLocation extends Location {
  readonly path: string;
}

export const localDisk: Technology<FolderLocation> = {
  name: 'local-disk',
  schemes: ['file'],
  forms: { 'data store': 'file:FOLDER' },
  parse({ rest }, projectDir) {
    const folder = filePath(rest, projectDir, 'a folder');
    return folder === undefined
      ? undefined
      : { technology: 'local-disk', key: `file:${folder}`, shown: folder, path: folder };
  },
  async open({ path }) {
    const store = await createLocalDiskDataStore({ folder: path });
    return { dataStore: () => store, close: () => store.close() };
  },
  async inspect({ path }) {
    requireUsable(path);
    return existsSync(path) ? 'current' : 'absent';
  },
};
