import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import type { Page, PageOptions, StoredEntry } from '../../ports';
import { pageAfterHash, pageLimit, pageOfValues } from '../../ports/parts/pages';
import { unlessMissing } from './file-errors';

const PREFIX = /^[0-9a-f]{2}$/;
const VALUE_FILE = /^((?:bytes-)?sha256(?=-[0-9a-f]{64}$)|sealed(?=-[0-9a-f]{96}$))-([0-9a-f]+)$/;

/** A value's file, below the folder of the store. */
export function valueFile(hash: string): string {
  const [kind, digest] = hash.split(':') as [string, string];
  return path.join(digest.slice(0, 2), digest.slice(2, 4), `${kind}-${digest}`);
}

/** Where a file with this name belongs, if it is a value's. */
export function homeOf(name: string): string | undefined {
  const match = VALUE_FILE.exec(name);
  return match === null ? undefined : valueFile(`${match[1]}:${match[2]}`);
}

/** A page of the values, ordered by file. */
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
  for (const first of await sortedNames(folder, PREFIX)) {
    if (first < last.slice(0, 2)) continue;
    for (const second of await sortedNames(path.join(folder, first), PREFIX)) {
      const below = path.join(first, second);
      if (below < last.slice(0, below.length)) continue;
      for (const name of await sortedNames(path.join(folder, below), VALUE_FILE)) {
        const [, kind, digest] = VALUE_FILE.exec(name)!;
        if (path.join(below, name) > last) yield `${kind}:${digest}`;
      }
    }
  }
}

async function sortedNames(folder: string, form: RegExp): Promise<string[]> {
  const names = (await unlessMissing(() => readdir(folder))) ?? [];
  return names.filter((name) => form.test(name)).sort();
}
