import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../../..');
const TABLES = 'docs/internals/names.md';

/** Files that keep old names, as `What keeps its name` says, and those that read them. */
const KEPT: readonly RegExp[] = [
  /^(docs\/internals\/names|CHANGELOG)\.md$/,
  /^test\/(golden\/recorded|replay\/histories|kept-projects)\//,
  /^src\/workflows\/messages\//,
  /\/migrations\.ts$/,
  /^src\/errors\/codes\.ts$/,
  /^test\/unit\/connection\/pending-activity\.test\.ts$/,
];

interface OldName {
  readonly name: string;
  readonly folders: readonly string[];
}

/** The old names: the code spans in the first column of each table of the page. */
function oldNames(): OldName[] {
  return readFileSync(path.join(ROOT, TABLES), 'utf8')
    .split('\n')
    .filter((line) => /^\| +`/.test(line))
    .flatMap((line) => {
      const [, old = '', , gone = ''] = line.split(/(?<!\\)\|/);
      const folders = gone
        .split(',')
        .map((one) => one.trim())
        .filter(Boolean);
      // What is in parentheses says where the name was.
      return [...old.replace(/ \([^)]*\)/g, '').matchAll(/`([^`]+)`/g)].map(([, name]) => ({
        name: name!.replaceAll('\\|', '|'),
        folders,
      }));
    });
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** A pattern of the names, each as a whole word. */
const patternOf = (names: readonly OldName[]): RegExp =>
  new RegExp(
    names
      .map(
        ({ name }) =>
          `${/^[\w-]/.test(name) ? '(?<![\\w-])' : ''}${escaped(name)}${/\w$/.test(name) ? '(?![\\w-])' : ''}`,
      )
      .join('|'),
    'g',
  );

/** Those of the names that may be in the text, found by their first words: a pattern of all takes a long time. */
function candidates(names: readonly OldName[], text: string): OldName[] {
  const words = new Set(text.match(/[\w-]+/g));
  return names.filter(({ name }) => {
    const [word] = /[\w-]+/.exec(name) ?? [];
    return word === undefined || name.endsWith('-') || words.has(word);
  });
}

const inCheckout = existsSync(path.join(ROOT, '.git'));

(inCheckout ? test : test.skip)('no old name is in use', () => {
  const names = oldNames();
  expect(names.length).toBeGreaterThan(20);
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
  })
    .toString('utf8')
    .split('\0')
    .filter((file) => /\.(?:[cm]?[jt]sx?|md|ya?ml|json|py|sh|html|css)$/.test(file))
    .filter((file) => !KEPT.some((pattern) => pattern.test(file)) && existsSync(path.join(ROOT, file)));
  const found = files.flatMap((file) => {
    const mine = names.filter(
      ({ folders }) =>
        folders.length === 0 || folders.some((one) => file === one || file.startsWith(`${one}/`)),
    );
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const maybe = candidates(mine, text);
    return maybe.length === 0 ? [] : [...text.matchAll(patternOf(maybe))].map(([name]) => `${file}: ${name}`);
  });
  expect(found).toEqual([]);
});

test('whole words are found, in quotes, in options and in sentences', () => {
  const names = ['OldCode', '--old', 'Old label', '.old'].map((name) => ({ name, folders: [] }));
  const text = "'OldCode' OldCodes AnOldCode `--old` --old-of >Old label< Old labels x.old x.older";
  expect(candidates(names, text)).toEqual(names);
  expect(candidates(names, "OldCodes AnOldCode --old-of 'older'")).toEqual([]);
  expect(text.match(patternOf(names))).toEqual(['OldCode', '--old', 'Old label', '.old']);
});

test('each term of the glossary has the words of others beside it', () => {
  const rows = readFileSync(path.join(ROOT, 'docs/glossary.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| (?!word|-)/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows.length).toBeGreaterThan(80);
  expect(rows.filter(([, , , elsewhere]) => !elsewhere).map(([, word]) => word)).toEqual([]);
});
