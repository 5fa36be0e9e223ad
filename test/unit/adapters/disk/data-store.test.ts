import { mkdir, readdir, utimes, writeFile, rm, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { createLocalDiskDataStore } from '../../../../src/adapters/disk';
import { sampleValue } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';
import { refusal } from '../../../support/refusal';

const folder = folderForEach();

test('a value is one file two folders down, named by its hash, and nothing else is left', async () => {
  const store = await createLocalDiskDataStore({ folder: folder() });
  const value = sampleValue('a value');
  await store.put([value]);
  const digest = value.hash.slice('sha256:'.length);
  const file = path.join(folder(), digest.slice(0, 2), digest.slice(2, 4), `sha256-${digest}`);
  expect((await stat(file)).size).toBe(7);
  expect(await readdir(path.join(folder(), 'temporary'))).toEqual([]);
});

test('what a killed process left is removed after a day, and what is under way is not', async () => {
  const temporary = path.join(folder(), 'temporary');
  await mkdir(temporary);
  await writeFile(path.join(temporary, 'old'), 'x');
  await writeFile(path.join(temporary, 'young'), 'x');
  const twoDaysAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
  await utimes(path.join(temporary, 'old'), twoDaysAgo, twoDaysAgo);
  await createLocalDiskDataStore({ folder: folder() });
  expect(await readdir(temporary)).toEqual(['young']);
});

test('a folder that vanished is told as unavailable, with the path', async () => {
  const store = await createLocalDiskDataStore({ folder: folder() });
  await rm(folder(), { recursive: true });
  await expect(store.put([sampleValue('x')])).rejects.toMatchObject(refusal('BackendUnavailable', folder()));
});
