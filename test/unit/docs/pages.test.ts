import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as selvage from '../../../src';

const ROOT = path.join(__dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** What the package exports beside nodes. */
const NO_NODES = [
  'ERROR_CODES',
  'Knot',
  'Optional',
  'Retryable',
  'RunFailed',
  'SelvageError',
  'StoredBytes',
  'Tapestry',
  'Terminal',
  'fragment',
  'local',
  'optional',
  'queue',
  'registerValueCodec',
  'runLocally',
  'tapestry',
];
const NODES = [...Object.keys(selvage).filter((name) => !NO_NODES.includes(name)), 'parameter'];
const ERROR_POLICIES: Readonly<Record<selvage.ErrorPolicy, true>> = {
  skipIfParentFailed: true,
  requireAllParents: true,
  receiveErrors: true,
};
const POLICIES = [...Object.keys(ERROR_POLICIES), 'optional', 'failOn'];

const fileOf = (name: string): string =>
  `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.md`;

/** Code blocks of a page that are tests, by their files. */
function testsIn(page: string): string[] {
  const blocks = read(page).matchAll(/^```ts (\S+\.test\.ts)\n([\s\S]*?)^```/gm);
  return [...blocks].flatMap(([, file, code]) =>
    /^test[.(]/m.test(code!) && existsSync(path.join(ROOT, file!)) ? [file!] : [],
  );
}

describe.each([
  { folder: 'nodes', names: NODES, overview: 'docs/nodes.md' },
  { folder: 'policies', names: POLICIES, overview: 'docs/failures.md' },
])('$folder', ({ folder, names, overview }) => {
  test('there is a page for each, and for nothing else', () => {
    expect(readdirSync(path.join(ROOT, 'docs', folder)).sort()).toEqual(names.map(fileOf).sort());
  });

  test.each(names)('%s has a page that others lead to, with an example that is a test', (name) => {
    const page = `${folder}/${fileOf(name)}`;
    expect(read(`docs/${page}`)).toMatch(new RegExp(`^# ${name}\n`));
    expect(read(overview)).toContain(`](${page})`);
    expect(testsIn(`docs/${page}`)).not.toEqual([]);
  });
});

test('the page of failOn has an example of what becomes of the workflow', () => {
  expect(testsIn('docs/policies/fail-on.md')).toContain('test/integration/docs/policies/fail-on.test.ts');
});

test('the tables of the nodes have no node without a page', () => {
  const [list = '', options = ''] = read('docs/nodes.md').split('## Which options a node takes');
  const firstCells = (text: string): string[] =>
    [...text.matchAll(/^\| (\S.*?) +\|/gm)].map(([, cell]) => cell!).filter((cell) => cell.includes('`'));
  for (const cell of firstCells(list)) expect(cell).toMatch(/\]\(nodes\/[\w-]+\.md\)$/);
  const named = firstCells(options).map((cell) => cell.replaceAll('`', ''));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((node) => !NODES.includes(node))).toEqual([]);
});
