import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'selvage-test-'));
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/**
 * A folder of its own for each test of a file, in place before its other hooks run. All go when the file ends: until
 * the last hook of a test, something may still write there.
 */
export function folderForEach(): () => string {
  const folders: string[] = [];
  beforeEach(async () => {
    folders.push(await temporaryFolder());
  });
  afterAll(() => Promise.all(folders.map(removeFolder)));
  return () => folders.at(-1)!;
}
