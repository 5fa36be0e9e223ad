import { renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FileWatch } from '../../../src/cli/files/file-watch';
import { folderForEach } from '../../conformance/temporary-folder';
import { until } from '../../support/until';

const folder = folderForEach();
let watch: FileWatch;
let changed: string[];

beforeEach(() => {
  changed = [];
  watch = new FileWatch((files) => changed.push(...files));
});
afterEach(() => watch.close());

function file(name: string, text?: string): string {
  const full = path.join(folder(), name);
  if (text !== undefined) writeFileSync(full, text);
  return full;
}

test('hears of a new content, also when an editor puts another file in its place', async () => {
  const one = file('one.ts', '1');
  const two = file('two.ts', '1');
  watch.add([one, two]);
  writeFileSync(one, '2');
  await until('the first change is told', () => changed.includes(one));
  renameSync(file('two.tmp', '2'), two);
  await until('the second change is told', () => changed.includes(two));
});

test('says nothing of a file that is touched, of others, or of one that is as it was', async () => {
  const own = file('own.ts', '1');
  watch.add([own]);
  utimesSync(own, new Date(), new Date());
  file('other.ts', '1');
  writeFileSync(own, '2');
  writeFileSync(own, '1');
  // The change that is told comes after all that must not be.
  const last = file('last.ts', '1');
  watch.add([last]);
  writeFileSync(last, '2');
  await until('the last change is told', () => changed.includes(last));
  expect(changed).toEqual([last]);
});

test('hears of a file that comes into being', async () => {
  const late = file('late.ts');
  watch.add([late]);
  writeFileSync(late, '1');
  await until('it is told', () => changed.includes(late));
});

test('tells of a file that has changed since it was read, when it is added', async () => {
  const old = file('old.ts', '1');
  const { ctimeMs: since } = statSync(old);
  const edited = await until('the clock of the disk has gone on', () => {
    const written = file('edited.ts', '2');
    return statSync(written).ctimeMs > since ? written : undefined;
  });
  watch.add([old, edited], since);
  await until('it is told', () => changed.length > 0);
  expect(changed).toEqual([edited]);
});
