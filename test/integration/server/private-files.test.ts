import fs from 'node:fs';
import path from 'node:path';
import { openBackends } from '../../../src/backends';
import { openToOthers } from '../../../src/node/private-files';
import { FolderSubjectKeyStore } from '../../../src/adapters/disk';
import { EmbeddedServer } from '../../../src/server';
import { makeProject, removeProjects } from './projects';

afterEach(() => jest.restoreAllMocks());
afterAll(removeProjects);

/** What others may do something with, with its mode. */
function openTo(folder: string): string[] {
  return ['', ...(fs.readdirSync(folder, { recursive: true }) as string[])].flatMap((name) => {
    const { mode } = fs.lstatSync(path.join(folder, name));
    const isLink = (mode & 0o170000) === 0o120000;
    return isLink || (mode & 0o077) === 0 ? [] : [`${name} ${(mode & 0o777).toString(8)}`];
  });
}

/** As an earlier build left it. */
function makeOpenState(project: string): string {
  const state = path.join(project, '.selvage');
  fs.mkdirSync(path.join(state, 'values', 'ab'), { recursive: true });
  fs.writeFileSync(path.join(state, 'values', 'ab', 'value'), 'a value');
  fs.writeFileSync(path.join(state, 'selvage.db'), '');
  for (const name of ['', 'values', 'values/ab']) fs.chmodSync(path.join(state, name), 0o755);
  for (const name of ['values/ab/value', 'selvage.db']) fs.chmodSync(path.join(state, name), 0o644);
  return state;
}

const stores = { url: 'sqlite:.selvage/selvage.db', data: 'file:.selvage/values' };

// Modes say nothing on Windows.
(process.platform === 'win32' ? describe.skip : describe)("a .selvage is its user's alone", () => {
  test.each([
    ['new', false],
    ['made by an earlier build', true],
  ])(
    '%s: folders and files of backends, keys and server, while they are in use',
    async (_, isThere) => {
      const project = makeProject();
      const state = path.join(project, '.selvage');
      const outside = path.join(project, 'outside');
      fs.writeFileSync(outside, '');
      fs.chmodSync(outside, 0o644);
      if (isThere) fs.symlinkSync(outside, path.join(makeOpenState(project), 'link'));
      const backends = await openBackends({ projectDir: project, ...stores });
      const server = await EmbeddedServer.acquire({ projectDir: project });
      try {
        const bytes = new TextEncoder().encode('"a value"');
        await backends.dataStore.put([{ hash: `sha256:${'a'.repeat(64)}`, bytes }]);
        await new FolderSubjectKeyStore({ folder: path.join(state, 'keys') }).add({
          subject: 'ada',
          tag: '0'.repeat(16),
          wrapped: 'x',
          createdAt: 1,
          forgottenAt: null,
        });
        const names = fs.readdirSync(state, { recursive: true });
        expect(names).toEqual(
          expect.arrayContaining([
            'selvage.db',
            'selvage.db-wal',
            'selvage.db-shm',
            'temporal/temporal.db',
            'temporal/server.log',
          ]),
        );
        expect(openTo(state)).toEqual([]);
        expect(fs.statSync(outside).mode & 0o777).toBe(0o644);
        expect(openToOthers(project)).toBeUndefined();
      } finally {
        await server.release({ wait: true });
        await backends.close();
      }
      expect(openTo(state)).toEqual([]);
    },
    60_000,
  );

  test('what cannot be closed is told, and used', async () => {
    const project = makeProject();
    const state = makeOpenState(project);
    jest.spyOn(fs, 'chmodSync').mockImplementation(() => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    });
    const backends = await openBackends({ projectDir: project, ...stores });
    await backends.close();
    expect(openToOthers(project)).toContain(`may read ${state}`);
  });

  test('a folder that the user chose elsewhere has the modes that their umask says', async () => {
    const project = makeProject();
    const folder = path.join(project, 'shared');
    const backends = await openBackends({
      projectDir: project,
      url: `sqlite:${folder}/runs.db`,
      data: `file:${folder}/values`,
    });
    await backends.close();
    const umask = process.umask();
    expect(fs.statSync(folder).mode & 0o777).toBe(0o777 & ~umask);
    expect(fs.statSync(path.join(folder, 'runs.db')).mode & 0o777).toBe(0o644 & ~umask);
  });
});
