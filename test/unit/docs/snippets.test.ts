import { transformSync } from '@swc/core';
import { PAGES, readFile, snippetsOf } from '../../support/doc-snippets';

const snippets = PAGES.flatMap(snippetsOf);
const ownSnippets = snippets.filter(({ file }) => !file);

test('there are snippets to check', () => {
  expect(snippets.length).toBeGreaterThan(60);
  expect(ownSnippets.filter(({ isTest }) => isTest).length).toBeGreaterThan(25);
});

test.each(snippets.filter(({ file }) => file))('$place is the file that it names', ({ file, code }) => {
  expect(readFile(file!)).toBe(code);
});

describe.each(ownSnippets.filter(({ isTest }) => isTest))('$place', ({ code }) => {
  const { code: compiled } = transformSync(code, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  // `require` is that of jest, to which 'selvage' means the sources.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  (new Function('require', 'exports', compiled) as (...given: unknown[]) => void)(require, {});
});
