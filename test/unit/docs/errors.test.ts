import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { docsOf, ERROR_CODES, ERROR_REASONS, PARAMETER_PROBLEMS, type ErrorCode } from '../../../src/errors';
import { anchorsOf, readFile } from '../../support/doc-snippets';

const ROOT = path.join(__dirname, '../../..');
const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

const overview = readFile('docs/errors.md');
const pages = new Map(
  readdirSync(path.join(ROOT, 'docs/errors')).map((file) => [
    `errors/${file}`,
    readFile(`docs/errors/${file}`),
  ]),
);
const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && name !== path.join('errors', 'codes.ts'))
  .map((name) => readFile(path.join('src', name)))
  .join('\n');

const partOf = (heading: string): string => overview.split(`## ${heading}\n`)[1]!.split('\n## ')[0]!;

/** The page with the section of each code. */
const pageOf = new Map(
  [...partOf('Index').matchAll(/\]\((errors\/\w+\.md)#(\w+)\)/g)].map(([, page, code]) => [code!, page!]),
);

/** The text below the heading of a code. */
function sectionOf(code: string): string {
  const page = pages.get(pageOf.get(code.toLowerCase())!)!;
  return page.split(`\n## ${code}\n`)[1]!.split('\n## ')[0]!;
}

test('the index has each code with its class and its rule, in alphabetical order', () => {
  const rows = [
    ...partOf('Index').matchAll(
      /^\| <a name="(\w+)"><\/a>\[`(\w+)`\]\(errors\/\w+\.md#(\w+)\) +\| (\w+) +\| (.+?) +\|$/gm,
    ),
  ].map((row) => row.slice(1));
  const known = Object.entries(ERROR_CODES).map(([code, { class: errorClass, rule }]) => {
    const anchor = code.toLowerCase();
    return [anchor, code, anchor, errorClass, rule];
  });
  expect(rows).toEqual(known.sort(([one], [other]) => (one! < other! ? -1 : 1)));
});

test('the pages have a section for each code, and for nothing else', () => {
  const sections = [...pages].flatMap(([page, text]) =>
    [...text.matchAll(/^## (.+)$/gm)].map(([, code]) => `${page}: ${code}`),
  );
  expect(sections.sort()).toEqual(CODES.map((code) => `${pageOf.get(code.toLowerCase())}: ${code}`).sort());
});

describe.each(CODES)('%s', (code) => {
  test('its section has class, cause, remedy and an example', () => {
    const [, errorClass, cause, remedy, example] =
      /^\n\*\*Class:\*\* \[`(\w+)`\]\(\.\.\/errors\.md#classes\)\n\n\*\*Cause:\*\* (.+)\n\n\*\*Remedy:\*\* (.+)\n\n```\w+\n([\s\S]+?)\n```\n$/.exec(
        sectionOf(code),
      )!;
    expect(errorClass).toBe(ERROR_CODES[code].class);
    const words = `${cause} ${remedy}`.split(' ').length;
    expect(words).toBeGreaterThan(20);
    expect(words).toBeLessThan(80);
    expect(example!.split('\n').length).toBeLessThanOrEqual(10);
  });

  test('the message of its example is one that the sources write', () => {
    const words = /```\w+\n([\s\S]+?)\n```/.exec(sectionOf(code))![1]!.split(/\s+/);
    const runs = words.map((_, at) => words.slice(at, at + 3)).filter(({ length }) => length === 3);
    expect(runs.some((run) => sources.includes(run.join(' ')))).toBe(true);
  });

  test('its address leads to an anchor of a page', () => {
    const { homepage } = JSON.parse(readFile('package.json')) as { homepage: string };
    const [page = '', anchor = ''] = docsOf(code).split('#');
    const files = `${homepage.split('#')[0]}/blob/main/`;
    expect(page.slice(0, files.length)).toBe(files);
    const file = page.slice(files.length);
    expect(existsSync(path.join(ROOT, file))).toBe(true);
    expect(anchorsOf(readFile(file))).toContain(anchor);
  });
});

test('every code is used by the sources', () => {
  expect(CODES.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
});

test('the overview tells what each class means', () => {
  const documented = [...partOf('Classes').matchAll(/^\| `(\w+)` +\|/gm)].map((row) => row[1]!);
  const classes = new Set(Object.values(ERROR_CODES).map((code) => code.class));
  expect(documented.sort()).toEqual([...classes].sort());
});

test('the overview has every reason of every code that covers several mistakes', () => {
  const documented = [...partOf('Reasons').matchAll(/^\| `(\w+\.\w+)` +\|/gm)].map((row) => row[1]!);
  const reasons = { ...ERROR_REASONS, InvalidParameters: PARAMETER_PROBLEMS };
  const known = Object.entries(reasons).flatMap(([code, ofCode]) =>
    Object.keys(ofCode).map((reason) => `${code}.${reason}`),
  );
  expect(documented.sort()).toEqual(known.sort());
});
