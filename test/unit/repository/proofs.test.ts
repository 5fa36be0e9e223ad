import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { GROUPS, QUICK_ON_SERVER, filesOf, groupOf } from '../../../scripts/tests/groups';

const root = path.resolve(__dirname, '../../..');
const page = readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8');
const section = page.slice(page.indexOf('### What proves what'), page.indexOf('### Services'));

/** Each promise, with the files of each group that prove it. */
const promises = section
  .split('\n- ')
  .slice(1)
  .map((item) => {
    const [promise, ...proofs] = item.split('\n  - ');
    const files = proofs.flatMap((proof) =>
      [...proof.matchAll(/`([^`]+)`/g)].map(([, file]) => ({
        group: proof.split(':')[0],
        file: `test/${file}`,
      })),
    );
    return [promise!, files] as const;
  });

const isThere = (file: string): boolean => existsSync(path.join(root, file));

test('the map of proofs has promises', () => {
  expect(promises.length).toBeGreaterThan(20);
});

test.each(promises)('%s', (_, proofs) => {
  expect(proofs).not.toEqual([]);
  expect(proofs.filter(({ file }) => !isThere(file))).toEqual([]);
  expect(proofs.filter(({ group, file }) => groupOf(file).name !== group)).toEqual([]);
});

test('every file that a group or the quick run names is there, and no group is empty', () => {
  const named = [...GROUPS.flatMap(({ files, again = [] }) => [...files, ...again]), ...QUICK_ON_SERVER];
  expect(named.filter((file) => !isThere(file))).toEqual([]);
  expect(GROUPS.filter((group) => filesOf(group).length === 0)).toEqual([]);
});
