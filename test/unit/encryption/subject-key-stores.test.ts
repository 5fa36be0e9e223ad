import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { FolderSubjectKeyStore } from '../../../src/adapters/disk';
import { InMemorySubjectKeyStore } from '../../../src/adapters/memory';
import type { SubjectKeyRecord } from '../../../src/ports';
import { removeFolder, temporaryFolder } from '../../conformance/temporary-folder';
import { rejectionOf } from '../../support/rejection-of';

function record(subject: string, wrapped = `a:${subject}`): SubjectKeyRecord & { wrapped: string } {
  return { subject, tag: Buffer.from(subject).toString('hex'), wrapped, createdAt: 1, forgottenAt: null };
}

let folder: string;
beforeEach(async () => {
  folder = path.join(await temporaryFolder(), 'made on demand');
});
afterEach(() => removeFolder(path.dirname(folder)));

describe.each([
  ['in memory', () => new InMemorySubjectKeyStore()],
  ['a folder', () => new FolderSubjectKeyStore({ folder })],
])('the keys of subjects in %s', (_, create) => {
  test('the first of a subject stands', async () => {
    const store = create();
    const added = await Promise.all([1, 2, 3].map((n) => store.add(record('../é', `a:${n}`))));
    expect(new Set(added.map(({ wrapped }) => wrapped)).size).toBe(1);
    expect(await store.get('../é')).toEqual(added[0]);
    expect(await store.get('nobody')).toBeUndefined();
  });

  test('a forgotten one stays forgotten', async () => {
    const store = create();
    await store.add(record('a'));
    await store.rewrap(record('a', 'b:anew'));
    expect(await store.get('a')).toMatchObject({ wrapped: 'b:anew' });
    const forgotten = { ...record('a'), wrapped: null, forgottenAt: 5 };
    expect(await store.forget('a', 5)).toEqual(forgotten);
    expect(await store.forget('a', 6)).toEqual(forgotten);
    await store.rewrap(record('a', 'b:again'));
    expect(await store.add(record('a'))).toEqual(forgotten);
    expect(await store.get('a')).toEqual(forgotten);
    expect(await store.forget('nobody', 5)).toBeUndefined();
  });

  test('lists each once, a page at a time', async () => {
    const store = create();
    expect((await store.list()).items).toEqual([]);
    for (const subject of ['a', 'b', 'c']) await store.add(record(subject));
    await store.forget('b', 5);
    const first = await store.list({ limit: 2 });
    const second = await store.list({ limit: 2, cursor: first.cursor! });
    expect([...first.items, ...second.items].map(({ subject }) => subject).sort()).toEqual(['a', 'b', 'c']);
    expect(second.cursor).toBeUndefined();
  });
});

test('nothing of a forgotten key is left in the folder, even where another process was just writing it', async () => {
  const store = new FolderSubjectKeyStore({ folder });
  await store.add(record('a', 'a:the wrapped key'));
  const [name] = (await readdir(folder)) as [string];
  const key = await readFile(path.join(folder, name));
  await store.forget('a', 5);
  await writeFile(path.join(folder, name), key);
  expect(await store.get('a')).toMatchObject({ wrapped: null });
  for (const left of await readdir(folder))
    expect(await readFile(path.join(folder, left), 'utf8')).not.toContain('the wrapped key');
});

test('a damaged file and an unusable folder are told', async () => {
  await mkdir(folder, { recursive: true });
  const store = new FolderSubjectKeyStore({ folder });
  await store.add(record('a'));
  const [name] = (await readdir(folder)) as [string];
  await writeFile(path.join(folder, name), '{');
  expect(await rejectionOf(store.get('a'))).toMatchObject({ code: 'BackendUnavailable' });
  const file = path.join(folder, 'file');
  await writeFile(file, '');
  const unusable = new FolderSubjectKeyStore({ folder: file });
  expect(await rejectionOf(unusable.add(record('a')))).toMatchObject({ code: 'BackendUnavailable' });
});
