import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isProject, projectFolder } from '../../../src/node/project-folder';

let top: string;

beforeEach(() => {
  top = realpathSync(mkdtempSync(path.join(tmpdir(), 'selvage-project-folder-')));
});
afterEach(() => {
  rmSync(top, { recursive: true, force: true });
});

/** Makes folders below `top` and returns the path of the first. */
function make(first: string, ...others: string[]): string {
  for (const folder of [first, ...others]) mkdirSync(path.join(top, folder), { recursive: true });
  return path.join(top, first);
}

test('the nearest folder with a .selvage, from the given one upwards', () => {
  const deep = make('a/b/c', 'a/.selvage');
  expect(projectFolder(undefined, deep)).toBe(path.join(top, 'a'));
  make('a/b/.selvage');
  expect(projectFolder(undefined, deep)).toBe(path.join(top, 'a/b'));
  expect(projectFolder(undefined, path.join(top, 'a'))).toBe(path.join(top, 'a'));
});

test('what was said, relative to the working directory, whatever it has', () => {
  make('a/.selvage');
  expect(projectFolder(path.join(top, 'a/b'))).toBe(path.join(top, 'a/b'));
  expect(projectFolder('sub')).toBe(path.resolve('sub'));
});

test('the search ends with a folder that has a .git', () => {
  const inside = make('a/repository/src', 'a/.selvage', 'a/repository/.git');
  expect(projectFolder(undefined, inside)).toBe(inside);
  make('a/repository/.selvage');
  expect(projectFolder(undefined, inside)).toBe(path.join(top, 'a/repository'));
});

test('the search ends before the home folder, unless it begins there', () => {
  const inside = make('home/work', 'home/.selvage');
  const home = path.join(top, 'home');
  expect(projectFolder(undefined, inside, home)).toBe(inside);
  expect(projectFolder(undefined, home, home)).toBe(home);
});

test('a .selvage of another user counts only where one is', () => {
  if (process.getuid?.() !== 0) return; // Only root can give a folder away.
  const inside = make('a/b', 'a/.selvage');
  chownSync(path.join(top, 'a/.selvage'), 4711, 4711);
  expect(projectFolder(undefined, inside)).toBe(inside);
  expect(projectFolder(undefined, path.join(top, 'a'))).toBe(path.join(top, 'a'));
  expect(isProject(path.join(top, 'a'))).toBe(true);
});

test('a file of that name is no project', () => {
  const inside = make('a/b');
  expect(isProject(inside)).toBe(false);
  expect(projectFolder(undefined, inside)).toBe(inside);
});
