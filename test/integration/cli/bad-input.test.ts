import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { makeCommandProject, runCommand, type Finished } from '../../support/command-line';
import { describeWithSmallDisk, SmallDisk } from '../../support/small-disk';
import { sharedServerAddress } from '../../support/temporal-server';
import { removeProjects } from '../server/projects';
import { PIPELINES } from './pipelines';

const IMPORTS = `import { knot, tapestry } from 'selvage';\nconst one = knot('one', () => 1);\n`;
const FILES = {
  'pipeline.ts': PIPELINES,
  'single.ts': `${IMPORTS}export default tapestry('single', () => { one({}, { id: 'one' }); });\n`,
  'nothing.ts': 'export const answer = 42;\n',
  'syntax.ts': 'export const a = 1;\nexport const b = ;\n',
  'syntax.js': 'const a = 1;\nconst b = ;\n',
  'syntax.mjs': 'const a = 1;\nconst b = ;\n',
  'imports-broken.ts': `import './syntax';\nexport {};\n`,
  'missing-package.ts': `import 'no-such-package/part';\nexport {};\n`,
  'throws.ts': `\nthrow new TypeError('not today');\n`,
  'mistake.ts': `${IMPORTS}export const t = tapestry('t', () => { one({}, {} as never); });\n`,
  'pipeline.txt': 'text',
  'list.json': '[1, 2]',
  'broken.yaml': 'a: [1,\n',
};
let project: string;

beforeAll(() => {
  project = makeCommandProject(FILES);
});
afterAll(removeProjects);

/** One line on stderr, nothing on stdout, and the folder as it was. */
function expectRefused({ code, stdout, stderr }: Finished, error: RegExp): void {
  expect(stderr).toMatch(error);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(code).toBe(2);
}

const QUICKSTART = ['pipeline.ts', '--tapestry', 'quickstart'];
const rows: [string, string[], RegExp][] = [
  ['a file that is not there', ['absent.ts'], /^error FileNotFound: .*absent\.ts/],
  ['a folder', ['.'], /^error FileNotLoadable: .* is not a file/],
  ['neither TypeScript nor JavaScript', ['pipeline.txt'], /^error FileNotLoadable: pipeline\.txt is neither/],
  ['no tapestry', ['nothing.ts'], /^error FileWithoutTapestry: nothing\.ts exports no tapestry/],
  [
    'several tapestries',
    ['pipeline.ts'],
    /^error AmbiguousTapestry: .*fails, quickstart, special.*--tapestry/,
  ],
  [
    'an unknown tapestry',
    ['pipeline.ts', '--tapestry', 'x'],
    /^error FileWithoutTapestry: .*"x".*fails, quickstart/,
  ],
  [
    'a syntax error in TypeScript',
    ['syntax.ts'],
    /^error FileNotLoadable: .*syntax\.ts:2:\d+: SyntaxError: Unexpected ";"/,
  ],
  [
    'a syntax error in JavaScript',
    ['syntax.js'],
    /^error FileNotLoadable: .*syntax\.js:2: SyntaxError: Unexpected token/,
  ],
  [
    'a syntax error in an ES module',
    ['syntax.mjs'],
    /^error FileNotLoadable: .*syntax\.mjs.* SyntaxError: Unexpected token/,
  ],
  [
    'a syntax error in an import',
    ['imports-broken.ts'],
    /^error FileNotLoadable: .*imports-broken\.ts.*syntax\.ts:2:\d+/,
  ],
  ['a missing package', ['missing-package.ts'], /^error FileNotLoadable: .*npm install no-such-package$/m],
  ['a file that throws', ['throws.ts'], /^error FileNotLoadable: .*throws\.ts:2:\d+: TypeError: not today/],
  ['an authoring mistake', ['mistake.ts'], /^error MissingId: .*mistake\.ts:3:\d+/],
  ['a missing parameter', QUICKSTART, /^error InvalidParameters: .*missing parameter "x"/],
  [
    'an unknown parameter',
    [...QUICKSTART, '--param', 'x=1', '--param', 'y=1'],
    /^error InvalidParameters: .*unknown parameter "y"/,
  ],
  [
    'an ill-typed parameter',
    [...QUICKSTART, '--param', 'x=many'],
    /^error InvalidParameters: .*parameter "x": .*number/,
  ],
  ['a parameter without value', [...QUICKSTART, '--param', 'x'], /^error Usage: --param "x"/],
  [
    'a parameter given twice',
    [...QUICKSTART, '--param', 'x=1', '--param', 'x=2'],
    /^error Usage: --param x is given twice/,
  ],
  ['no parameters file', [...QUICKSTART, '--params-file', 'no.json'], /^error FileNotFound: .*no\.json/],
  [
    'a parameters file of the wrong shape',
    [...QUICKSTART, '--params-file', 'list.json'],
    /^error FileNotLoadable: .*list\.json.*a list/,
  ],
  [
    'a broken parameters file',
    [...QUICKSTART, '--params-file', 'broken.yaml'],
    /^error FileNotLoadable: .*broken\.yaml/,
  ],
  [
    'an unknown terminal',
    [...QUICKSTART, '--param', 'x=1', '--terminals', 'z'],
    /^error UnknownTerminal: .*'z'.*answer/,
  ],
  ['a profile that is not there', ['single.ts', '--profile', 'nowhere'], /^error Usage: .*"nowhere"/],
];

test.each(rows)('%s: one clear line, exit code 2, nothing written', async (_, args, error) => {
  expectRefused(await runCommand(project, ['run', ...args]), error);
  expect(existsSync(path.join(project, '.selvage'))).toBe(false);
});

test.each([
  ['an unknown option', ['run', 'pipeline.ts', '--nope'], /^error Usage: unknown option '--nope'/],
  ['an unknown command', ['weave'], /^error Usage: unknown command 'weave'/],
  ['no file', ['run'], /^error Usage: missing required argument 'file'/],
  ['a wrong port', ['run', 'single.ts', '--port', '0'], /^error Usage: option '--port <number>'.*65535/],
  ['a wrong limit', ['runs', 'list', '--limit', 'many'], /^error Usage: option '--limit <number>'/],
  [
    'an unknown status',
    ['runs', 'list', '--status', 'lost'],
    /^error Usage: option '--status <status>'.*succeeded/,
  ],
])('%s: usage, exit code 2', async (_, args, error) => {
  const { code, stdout, stderr } = await runCommand(project, args);
  expect(stderr).toMatch(error);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

test('an unreachable address', async () => {
  const args = ['run', 'single.ts', '--address', '127.0.0.1:1'];
  expectRefused(await runCommand(project, args), /^error ServerUnreachable: .*127\.0\.0\.1:1\b/);
});

test('a busy port', async () => {
  const folder = makeCommandProject(FILES);
  const busy = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => busy.once('listening', resolve));
  try {
    const { port } = busy.address() as { port: number };
    const args = ['run', 'single.ts', '--port', String(port)];
    expectRefused(await runCommand(folder, args), new RegExp(`^error PortInUse: .*${port}`));
  } finally {
    busy.close();
  }
});

test('a .selvage that cannot be written', async () => {
  const folder = makeCommandProject(FILES);
  writeFileSync(path.join(folder, '.selvage'), 'a file where the folder should be');
  expectRefused(await runCommand(folder, ['run', 'single.ts']), /^error FolderUnusable: .*\.selvage/);
  expect(readFileSync(path.join(folder, '.selvage'), 'utf8')).toBe('a file where the folder should be');
});

test('a damaged database of ours is left as it is; without it the same command runs', async () => {
  const folder = makeCommandProject(FILES);
  const database = path.join(folder, '.selvage', 'selvage.db');
  mkdirSync(path.dirname(database));
  writeFileSync(database, 'this is no database, '.repeat(500));
  expectRefused(await runCommand(folder, ['run', 'single.ts']), /^error DatabaseDamaged: .*selvage\.db/);
  expect(readFileSync(database, 'utf8')).toMatch(/^this is no database/);
  const elsewhere = {
    SELVAGE_STORE: 'sqlite:other.db',
    SELVAGE_HISTORY: 'sqlite:other.db',
    SELVAGE_DATA: 'sqlite:other.db',
  };
  expect((await runCommand(folder, ['run', 'single.ts'], elsewhere)).code).toBe(0);
});

describeWithSmallDisk()('values on a small disk', () => {
  let disk: SmallDisk;
  beforeAll(() => {
    disk = new SmallDisk(1);
  });
  afterAll(() => disk.remove());

  test.each([
    ['that can only be read', () => disk.readOnly(), /^error FolderUnusable: .*EROFS.*name another place/],
    ['that is full', () => (disk.fill(), disk.folder), /^error DiskFull: .*no space left .*Free some space/],
  ])('%s: one clear line, exit code 2', async (_, folderOf, error) => {
    const environment = { SELVAGE_DATA: `file:${folderOf()}/values` };
    const args = ['run', 'single.ts', '--address', sharedServerAddress()];
    const { code, stdout, stderr } = await runCommand(project, args, environment);
    const errors = stderr.split('\n').filter((text) => text.startsWith('error '));
    expect(errors).toEqual([expect.stringMatching(error)]);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

test('--detach without a worker', async () => {
  const folder = makeCommandProject(FILES);
  const { code, stderr } = await runCommand(folder, ['run', 'single.ts', '--detach']);
  expect(stderr).toMatch(/^error NoWorker: .*"selvage".*selvage worker FILE/m);
  expect(code).toBe(2);
  const { stdout } = await runCommand(folder, ['runs', 'list', '--json']);
  expect(JSON.parse(stdout)).toEqual({ items: [] });
});

test('every --help has an example and ends well', async () => {
  const commands = [
    [],
    ['run'],
    ['dev'],
    ['worker'],
    ['runs'],
    ['runs', 'list'],
    ['runs', 'show'],
    ['runs', 'cancel'],
    ['resume'],
    ['replay'],
    ['lineage'],
    ['plan'],
    ['doctor'],
  ];
  for (const words of commands) {
    const { code, stdout } = await runCommand(project, [...words, '--help']);
    expect(stdout).toMatch(/Examples?:\n +\$ selvage /);
    expect(code).toBe(0);
  }
});
