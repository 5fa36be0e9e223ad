import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as selvage from '../../../src';
import { PAGES, anchorsOf, readFile, snippetsOf } from '../../support/doc-snippets';

const ROOT = path.join(__dirname, '../../..');

/** What the package exports beside nodes. */
const NO_NODES = [
  'ERROR_CODES',
  'ERROR_REASONS',
  'Knot',
  'Optional',
  'Retryable',
  'RunFailed',
  'Selvage',
  'SelvageError',
  'StoredBytes',
  'Table',
  'TableSchema',
  'Tapestry',
  'Terminal',
  'FileTailSource',
  'IterableSource',
  'KafkaStreamingSource',
  'StreamingSource',
  'StreamingSourceTrigger',
  'ValkeyStreamingSource',
  'bearer',
  'celery',
  'check',
  'contentHash',
  'cronTrigger',
  'daily',
  'dask',
  'dataset',
  'emitter',
  'fragment',
  'github',
  'htmlForRun',
  'htmlForTapestry',
  'hostedKnot',
  'hourly',
  'isErr',
  'isOk',
  'isSkipped',
  'kafkaEmitter',
  'kafkaTrigger',
  'list',
  'loadPipeline',
  'loadPipelineFile',
  'local',
  'logEmitter',
  'mermaidForRun',
  'mermaidForTapestry',
  'monthly',
  'openLineageEmitter',
  'openTelemetryEmitter',
  'optional',
  'product',
  'program',
  'python',
  'pythonKnot',
  'queue',
  'ray',
  'registerValueCodec',
  'runLocally',
  'standardWebhooks',
  'stream',
  'schedule',
  'svgForRun',
  'svgForTapestry',
  'table',
  'tapestry',
  'threads',
  'webhook',
  'webhookEmitter',
  'webhookSignal',
  'valkeyEmitter',
  'valkeyTrigger',
  'weekly',
];
const NODES = [...Object.keys(selvage).filter((name) => !NO_NODES.includes(name)), 'parameter', 'select'];
const ERROR_POLICIES: Readonly<Record<selvage.ErrorPolicy, true>> = {
  skipIfParentFailed: true,
  requireAllParents: true,
  receiveErrors: true,
};
const POLICIES = [...Object.keys(ERROR_POLICIES), 'optional', 'failOn'];

const fileOf = (name: string): string =>
  `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.md`;

describe.each([
  { folder: 'nodes', names: NODES, overview: 'docs/nodes.md' },
  { folder: 'policies', names: POLICIES, overview: 'docs/failures.md' },
])('$folder', ({ folder, names, overview }) => {
  test('there is a page for each, and for nothing else', () => {
    expect(readdirSync(path.join(ROOT, 'docs', folder)).sort()).toEqual(names.map(fileOf).sort());
  });

  test.each(names)('%s has a page that others lead to, with an example that is a test', (name) => {
    const page = `${folder}/${fileOf(name)}`;
    expect(readFile(`docs/${page}`)).toMatch(new RegExp(`^# ${name}\n`));
    expect(readFile(overview)).toContain(`](${page})`);
    expect(snippetsOf(`docs/${page}`).some(({ isTest }) => isTest)).toBe(true);
  });
});

test('the page of failOn has an example of what becomes of the workflow', () => {
  const files = snippetsOf('docs/policies/fail-on.md').map(({ file }) => file);
  expect(files).toContain('test/integration/docs/policies/fail-on.test.ts');
});

test('the tables of the nodes have no node without a page', () => {
  const list = readFile('docs/nodes.md');
  const options = readFile('docs/node-options.md');
  const firstCells = (text: string): string[] =>
    [...text.matchAll(/^\| (\S.*?) +\|/gm)].map(([, cell]) => cell!).filter((cell) => cell.includes('`'));
  for (const cell of firstCells(list)) expect(cell).toMatch(/\]\(nodes\/[\w-]+\.md\)$/);
  const named = firstCells(options).map((cell) => cell.replaceAll('`', ''));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((node) => !NODES.includes(node))).toEqual([]);
});

test.each([...PAGES, 'CONTRIBUTING.md'])('the links of %s lead somewhere', (page) => {
  const text = readFile(page).replace(/^```[\s\S]*?^```/gm, '');
  const broken = [...text.matchAll(/\]\(([^)\s:]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      if (!existsSync(path.join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(readFile(target)).has(anchor);
    });
  expect(broken).toEqual([]);
});

describe('recipes', () => {
  const recipes = readdirSync(path.join(ROOT, 'docs/recipes')).sort();

  test('there are at least twenty, and the overview leads to each', () => {
    expect(recipes.length).toBeGreaterThanOrEqual(20);
    const overview = readFile('docs/recipes.md');
    expect(recipes.filter((recipe) => !overview.includes(`](recipes/${recipe})`))).toEqual([]);
  });

  /** The body of its recipe is in Python: test/bare/commands.test.ts runs it. */
  const BY_COMMAND = ['call-python.md'];

  test.each(recipes)('%s saves a pipeline, and a test runs it or its command does', (recipe) => {
    const [pipeline, ...others] = snippetsOf(`docs/recipes/${recipe}`);
    expect(pipeline).toMatchObject({ isTest: false, savedAs: expect.stringMatching(/\.ts$/) as string });
    if (BY_COMMAND.includes(recipe))
      expect(readFile(`docs/recipes/${recipe}`)).toContain(`$ npx selvage run ${pipeline!.savedAs} `);
    else expect(others.filter(({ isTest }) => isTest)).toHaveLength(1);
  });
});

/** Pages in which one word is looked up, and folders of such pages. */
const REFERENCES = [
  'docs/cli',
  'docs/cli.md',
  'docs/errors',
  'docs/errors.md',
  'docs/glossary.md',
  'docs/http-api.md',
  'docs/internals/names.md',
];

describe('a page that is no reference', () => {
  const isReference = (page: string): boolean =>
    REFERENCES.some((one) => page === one || page.startsWith(`${one}/`));
  const pages = PAGES.filter((page) => !isReference(page));

  test.each(REFERENCES)('%s is a page or a folder', (reference) => {
    expect(existsSync(path.join(ROOT, reference))).toBe(true);
  });

  test.each(pages)('%s has at most 1,500 words', (page) => {
    // As `wc -w` counts them.
    const words = readFile(page).split(/\s+/).filter(Boolean);
    expect(words.length).toBeLessThanOrEqual(1_500);
  });
});
