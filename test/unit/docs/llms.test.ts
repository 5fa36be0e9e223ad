import { PAGES, readFile } from '../../support/doc-snippets';
import { llmsText, WRITE } from '../../support/llms-text';

test('llms.txt is as the pages are', () => {
  const advice = `Where the pages have changed, write it anew: ${WRITE}`;
  expect(`${advice}\n${readFile('llms.txt')}`).toBe(`${advice}\n${llmsText()}`);
});

test('it has each page of the documentation once, with a line about it', () => {
  const lines = [...readFile('llms.txt').matchAll(/^- \[.+\]\((docs\/\S+\.md)\)(: .+)?$/gm)];
  const pages = PAGES.filter((page) => page.startsWith('docs/'));
  expect(lines.map(([, page]) => page).sort()).toEqual(pages.sort());
  expect(lines.filter(([, , about]) => about === undefined).map(([, page]) => page)).toEqual([]);
});
