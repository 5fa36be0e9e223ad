import { PAGES, loadSnippet, readFile, snippetsOf } from '../../support/doc-snippets';

const snippets = PAGES.flatMap(snippetsOf);
const ownSnippets = snippets.filter(({ file }) => !file);

test('there are snippets to check', () => {
  expect(snippets.length).toBeGreaterThan(60);
  expect(ownSnippets.filter(({ isTest }) => isTest).length).toBeGreaterThan(25);
});

test.each(snippets.filter(({ file }) => file))('$place is the file that it names', ({ file, code }) => {
  expect(readFile(file!)).toBe(code);
});

test('no two blocks are saved under one name', () => {
  const names = ownSnippets.map(({ savedAs }) => savedAs).filter((name) => name !== undefined);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

describe.each(ownSnippets.filter(({ isTest }) => isTest))('$place', ({ code }) => {
  loadSnippet(code, require);
});
