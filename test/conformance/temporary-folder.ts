import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'selvage-test-'));
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** A folder of its own for each test of a file, in place before its other hooks run. */
export function folderForEach(): () => string {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => removeFolder(folder));
  return () => folder;
}
