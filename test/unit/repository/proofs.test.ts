import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { GROUPS, groupOf, quickFiles, filesOf } from '../../../scripts/tests/groups';

const root = path.resolve(__dirname, '../../..');
const page = readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8');
const section = page.slice(page.indexOf('### What proves what'), page.indexOf('### Services'));

/** Promise, files, groups. */
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('`test/'))
  .map((line) => line.split('|').slice(1, -1));

const named = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!);

test('the map of proofs has rows', () => {
  expect(rows.length).toBeGreaterThan(15);
});

test.each(rows)('%s', (_promise, files, groups) => {
  const paths = named(files);
  expect(paths.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  expect(named(groups)).toEqual([...new Set(paths.map((file) => groupOf(file).name))]);
});

test('every file that a list of groups names is there, and every group has files', () => {
  const lists = [...GROUPS.flatMap(({ files, again = [] }) => [...files, ...again]), ...quickFiles()];
  expect(lists.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  for (const group of GROUPS) expect(filesOf(group).length).toBeGreaterThan(0);
});
