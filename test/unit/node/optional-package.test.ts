import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { missingPackage } from '../../../src/node/optional-package';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'selvage-packages-'));
  const packages: Record<string, Record<string, string>> = {
    'needs-another': { 'index.js': "require('another');" },
    '@scope/needs-another': { 'index.js': "require('@scope/another/deep');" },
    'lacks-a-file': { 'index.js': "require('./away');" },
    'lacks-its-main': { 'package.json': '{ "main": "away.js" }' },
    throws: { 'index.js': 'throw new Error("Cannot find module \'throws\'");' },
  };
  for (const [name, files] of Object.entries(packages)) {
    const place = path.join(folder, 'node_modules', name);
    mkdirSync(place, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(place, file), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Failure {
  readonly message: string;
  readonly code?: string;
}

/** What Node itself says when a file here loads this. */
function failureOf(call: string): Failure {
  const script = `(async () => ${call})().catch(({ message, code }) => console.log(JSON.stringify({ message, code })))`;
  const text = execFileSync(process.execPath, ['-e', script], { cwd: folder, encoding: 'utf8' });
  return JSON.parse(text) as Failure;
}

describe.each([
  ['require', 'MODULE_NOT_FOUND'],
  ['import', 'ERR_MODULE_NOT_FOUND'],
])('the errors of %s', (word, code) => {
  test.each([
    ['away', 'away'],
    ['away/deep/file.js', 'away'],
    ['@scope/away', '@scope/away'],
    ['@scope/away/deep.js', '@scope/away'],
  ])('%s lacks the package %s', (file, name) => {
    const failure = failureOf(`${word}('${file}')`);
    expect(failure.code).toBe(code);
    expect(missingPackage(failure)).toBe(name);
  });

  test.each([
    ['needs-another', 'another'],
    ['@scope/needs-another', '@scope/another'],
    ['lacks-a-file', undefined],
    ['lacks-its-main', undefined],
    ['throws', undefined],
  ])('%s is there; what is missing: %s', (file, name) => {
    expect(missingPackage(failureOf(`${word}('${file}')`))).toBe(name);
  });
});

test.each([undefined, null, 'text', {}, new Error('no')])('%s is no error of an import', (thrown) => {
  expect(missingPackage(thrown)).toBeUndefined();
});
