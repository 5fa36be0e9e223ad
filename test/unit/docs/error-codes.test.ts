import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES } from '../../../src/errors';

const ROOT = join(__dirname, '../../..');
const codes = Object.keys(ERROR_CODES).sort();

test('docs/errors.md has a row for each code, and no other', () => {
  const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map((match) => match[1]!);
  expect(documented.sort()).toEqual(codes);
});

test('every code is used by the sources', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== join('errors', 'codes.ts'))
    .map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'))
    .join('\n');
  expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
});
