import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { removeProjects } from '../integration/server/projects';
import { makeBareProject } from '../support/bare-install';
import { ownEnvironment } from '../support/command-line';
import { PAGES, compiled, savedFiles, snippetsOf, type Snippet } from '../support/doc-snippets';

const run = promisify(execFile);
const ROOT = path.resolve(__dirname, '../..');
const own = PAGES.flatMap(snippetsOf).filter(({ file }) => file === undefined);
afterAll(removeProjects);

/** What a block is called as a file of a user, in the folder that `../examples` is beside. */
const fileOf = ({ place }: Snippet): string => `pages/${place.replace(/\W+/g, '-')}.ts`;

/** Blocks that do more than declare, each with what it needs when it is loaded. */
const NOT_LOADED: readonly [RegExp, string][] = [
  [/^void main\(\);$/m, 'a Temporal server elsewhere'],
  [/^describe(?:DataStore|BodyHost)\(/m, 'a test runner'],
  [/^declare function /m, 'a function of the reader'],
];

const NEEDS_DUCKDB = /^import .* from 'selvage\/duckdb';$|^import .*\bsql\b.* from 'selvage';$/m;

/** The packages that a user of a block has, since the block itself imports them. */
const MISSING = /^import .* from '(pg|iovalkey|@aws-sdk\/[\w-]+|@opentelemetry\/[\w-]+)';$/m;

test('the blocks of the pages load, where they import nothing that is optional', async () => {
  const loaded = own.filter(({ code, isTest }) => !isTest && NOT_LOADED.every(([mark]) => !mark.test(code)));
  expect(loaded.length).toBeGreaterThan(40);
  const project = makeBareProject();
  mkdirSync(path.join(project, 'pages'));
  for (const snippet of loaded) writeFileSync(path.join(project, fileOf(snippet)), snippet.code);
  // The file that others of the pages import: the first block of authoring.md.
  const definitions = loaded.find(({ place }) => place.startsWith('docs/authoring.md'))!;
  writeFileSync(path.join(project, 'pages/definitions.ts'), definitions.code);
  for (const [file, code] of savedFiles()) writeFileSync(path.join(project, 'pages', file), code);
  const lines = loaded.map((snippet) => {
    const name = JSON.stringify(fileOf(snippet));
    return `try { require('./' + ${name}); console.log(${name}, 'well'); } catch (error) { console.log(${name}, error.message.split('\\n')[0]); }`;
  });
  writeFileSync(path.join(project, 'load.cjs'), lines.join('\n'));
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'load.cjs'], {
    cwd: project,
    env: ownEnvironment(),
  });
  const expected = loaded.map((snippet) => {
    const missing = MISSING.exec(snippet.code)?.[1];
    return `${fileOf(snippet)} ${missing === undefined ? 'well' : `Cannot find module '${missing}'`}`;
  });
  expect(stdout.trim().split('\n')).toEqual(expected);
});

test('the tests of the pages pass in a jest of a user, and there backends open and emitters hear', async () => {
  const tests = own.filter(({ code, isTest }) => isTest && !NEEDS_DUCKDB.test(code));
  expect(tests.length).toBeGreaterThan(25);
  const blocks = tests.map(
    ({ place, code }) =>
      `describe(${JSON.stringify(place)}, () => {\n((exports) => {${compiled(code)}})({});\n});\n`,
  );
  // A user's jest compiles what others import; here it is compiled already.
  const saved = [...savedFiles()].map(([file, code]) => [file.replace('.ts', '.js'), compiled(code)]);
  const project = makeBareProject({
    ...(Object.fromEntries(saved) as Record<string, string>),
    'pages.test.js': blocks.join('\n'),
    'backends.test.js': `
      const { emitter, knot, runLocally, tapestry } = require('selvage');
      const { openBackends } = require('selvage/backends');
      test('SQLite', async () => {
        await (await openBackends({ projectDir: __dirname, environment: {} })).close();
      });
      test('emitters', async () => {
        const one = knot('one', () => 1);
        const heard = [];
        const emitters = [emitter('ear', async (events) => void heard.push(...events))];
        await runLocally(tapestry('t', () => ({ one: one({}, { id: 'one' }) })), {}, { emitters });
        expect(heard.length).toBeGreaterThan(0);
      });`,
  });
  const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const { stderr } = await run(process.execPath, [jest, '--rootDir', project, '--testTimeout', '60000'], {
    cwd: project,
    env: ownEnvironment(),
  });
  expect(stderr).toMatch(/^Test Suites: 2 passed, 2 total$/m);
});
