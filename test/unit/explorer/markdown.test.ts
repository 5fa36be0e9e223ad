import { looksLikeMarkdown, markdownOf, type MarkdownNode } from '../../../src/explorer/page/value/markdown';

/** The nodes as `<tag href=…>children</>`, texts as they are. */
function written(node: MarkdownNode): string {
  if (typeof node === 'string') return node;
  const shown = Object.entries(node.attributes).filter(([name]) => /^(?:href|src|start|on.*)$/.test(name));
  const attributes = shown.map(([name, value]) => ` ${name}=${value}`).join('');
  return `<${node.tag}${attributes}>${node.children.map(written).join('')}</>`;
}
const rendered = (text: string): string => markdownOf(text).map(written).join('');

test('headings, lists, code, emphasis, links, tables, quotes and rules', () => {
  expect(rendered('# One\n\nSome *fine* and **bold** `a*b` text\nin two lines.\n\n---')).toBe(
    '<h2>One</><p>Some <em>fine</> and <strong>bold</> <code>a*b</> text\nin two lines.</><hr></>',
  );
  expect(rendered('- a\n- b\n  - c\n\n2. x\n3. y')).toBe(
    '<ul><li>a</><li><p>b</><ul><li>c</></></></><ol start=2><li>x</><li>y</></>',
  );
  expect(rendered('```js\n# no *heading*\n```\n> quoted\n> - item')).toBe(
    '<pre># no *heading*</><blockquote><p>quoted</><ul><li>item</></></>',
  );
  expect(rendered('| a | b |\n|---|---|\n| 1 | x\\|y |')).toBe(
    '<div><table><tr><th>a</><th>b</></><tr><td>1</><td>x|y</></></></>',
  );
  expect(rendered('[text](https://example.com/a "title") <mailto:a@b.c>')).toBe(
    '<p><a href=https://example.com/a>text</> <a href=mailto:a@b.c>mailto:a@b.c</></>',
  );
  expect(rendered('a snake_case_name, 2 * 3 * 4, \\*stars\\*')).toBe(
    '<p>a snake_case_name, 2 * 3 * 4, *stars*</>',
  );
});

test.each([
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[a](javascript:alert(1))',
  '[a](JaVaScRiPt:alert)',
  '[a](data:text/html,x)',
  '[a](vbscript:x)',
  '[a](//elsewhere.example/x)',
  '[a](java\tscript:x)',
  '![a](data:image/svg+xml,x)',
  '<javascript:alert>',
])('%s stays text', (text) => {
  expect(rendered(text)).toBe(`<p>${text}</>`);
});

test('an image is a link, and nothing is fetched', () => {
  expect(rendered('![a cat](https://example.com/cat.png)')).toBe(
    '<p><a href=https://example.com/cat.png>image: a cat</></>',
  );
});

test.each([
  ['stars', '*a '],
  ['double stars', '**a '],
  ['backticks', '` `` ``` '],
  ['brackets', '[a]('],
  ['open brackets', '['],
  ['quotes', '>'],
  ['lists', '- '],
  ['indented lists', '- a\n  - b\n    - c\n      - d\n'],
  ['spaces', ' '],
  ['hashes', '# '],
  ['bars', '|-|\n'],
  ['lines', '\n\nx'],
  ['underscores', '_'],
])('a text of 256 KiB of %s is rendered in time', (_, piece) => {
  const text = piece.repeat(Math.ceil((256 * 1024) / piece.length));
  const began = performance.now();
  markdownOf(text);
  looksLikeMarkdown(text);
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('Markdown is offered for texts that are written in it', () => {
  for (const text of ['# Title', 'a\n- b', 'see [this](https://a.b)', '1. one', '```\nx\n```'])
    expect(looksLikeMarkdown(text)).toBe(true);
  for (const text of ['plain text', '2024-01-01 10:00 started', 'a[0](x y)', '#tag', '-5'])
    expect(looksLikeMarkdown(text)).toBe(false);
});
