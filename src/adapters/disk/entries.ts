import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import type { Page, PageOptions, StoredEntry } from '../../ports';
import { pageAfterHash, pageLimit, pageOfValues } from '../../ports/parts/pages';
import { hashOfName, valueName } from '../../ports/parts/content-hash';
import { unlessMissing } from './file-errors';

const PREFIX = /^[0-9a-f]{2}$/;

/** The path of a value's file, below the folder of the store. */
export function valueFile(hash: string): string {
  const start = hash.indexOf(':') + 1;
  return path.join(hash.slice(start, start + 2), hash.slice(start + 2, start + 4), valueName(hash));
}

/** The place of a file with this name; undefined if it is not a value's. */
export function homeOf(name: string): string | undefined {
  const hash = hashOfName(name);
  return hash && valueFile(hash);
}

export async function listValues(folder: string, options: PageOptions): Promise<Page<StoredEntry>> {
  const limit = pageLimit(options);
  const after = pageAfterHash(options);
  const found: StoredEntry[] = [];
  for await (const hash of hashesAfter(folder, after === '' ? '' : valueFile(after))) {
    const file = await unlessMissing(() => stat(path.join(folder, valueFile(hash))));
    if (file !== undefined) found.push({ hash, size: file.size, lastPutAt: Math.floor(file.mtimeMs) });
    if (found.length > limit) break;
  }
  return pageOfValues(found, limit);
}

async function* hashesAfter(folder: string, last: string): AsyncGenerator<string> {
  for (const first of await sortedNames(folder)) {
    if (!PREFIX.test(first) || first < last.slice(0, 2)) continue;
    for (const second of await sortedNames(path.join(folder, first))) {
      const below = path.join(first, second);
      if (!PREFIX.test(second) || below < last.slice(0, below.length)) continue;
      for (const name of await sortedNames(path.join(folder, below))) {
        const hash = hashOfName(name);
        if (hash !== undefined && path.join(below, name) > last) yield hash;
      }
    }
  }
}

async function sortedNames(folder: string): Promise<string[]> {
  const names = await unlessMissing(() => readdir(folder));
  return names?.sort() ?? [];
}
