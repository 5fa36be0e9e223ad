import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DEFECTS } from '../../../scripts/tests/planted-defects';

const root = path.resolve(__dirname, '../../..');

test.each(DEFECTS.map((defect) => [defect.what, defect] as const))(
  'can be planted in one place, and the file that finds it is there: %s',
  (_, { file, before, after, foundBy }) => {
    expect(readFileSync(path.join(root, file), 'utf8').split(before)).toHaveLength(2);
    expect(after).not.toBe(before);
    expect(existsSync(path.join(root, foundBy))).toBe(true);
  },
);
