import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runCommand, runWarm, type Finished } from '../../support/command-line';
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
};
let project: string;

beforeAll(() => {
  project = makeCommandProject(FILES);
});
afterAll(removeProjects);

/** One line and the address of its documentation on stderr, nothing on stdout, and the folder as it was. */
function expectRefused({ code, stdout, stderr }: Finished, error: RegExp): void {
  expect(stderr).toMatch(error);
  expect(stderr.trimEnd().split('\n')).toEqual([expect.any(String), expect.stringMatching(/^https:\S+$/)]);
  expect(stdout).toBe('');
  expect(code).toBe(2);
}

const QUICKSTART = ['pipeline.ts', '--tapestry', 'quickstart'];
const rows: [string, string[], RegExp][] = [
  ['a file that is not there', ['absent.ts'], /^error FileNotFound: .*absent\.ts/],
  ['a folder', ['.'], /^error FileNotLoadable: .* is not a file/],
  ['neither TypeScript nor JavaScript', ['pipeline.txt'], /^error FileNotLoadable: pipeline\.txt is neither/],
  ['no tapestry', ['nothing.ts'], /^error FileWithoutTapestry: nothing\.ts exports no tapestry/],
  ['several tapestries', ['pipeline.ts'], /^error AmbiguousTapestry: .*fails, quickstart.*--tapestry/],
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
  ['a parameter without value', [...QUICKSTART, '--param', 'x'], /^error Usage: --param "x"/],
  ['no parameters file', [...QUICKSTART, '--params-file', 'no.json'], /^error FileNotFound: .*no\.json/],
  [
    'an unknown terminal',
    [...QUICKSTART, '--param', 'x=1', '--terminals', 'z'],
    /^error UnknownTerminal: .*'z'.*answer/,
  ],
  ['a profile that is not there', ['single.ts', '--profile', 'nowhere'], /^error Usage: .*"nowhere"/],
];

test.each(rows)('%s: one clear line, exit code 2, nothing written', async (_, args, error) => {
  expectRefused(await runWarm(project, ['run', ...args]), error);
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
  const { code, stdout, stderr } = await runWarm(project, args);
  expect(stderr).toMatch(error);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

test('an unreachable address', async () => {
  const args = ['run', 'single.ts', '--address', '127.0.0.1:1'];
  expectRefused(await runCommand(project, args), /^error ServerUnreachable: .*127\.0\.0\.1:1\b/);
});

test('--detach without a worker', async () => {
  const folder = makeCommandProject(FILES);
  const { code, stderr } = await runWarm(folder, ['run', 'single.ts', '--detach']);
  expect(stderr).toMatch(/^error NoWorker: .*"selvage\/single".*selvage worker FILE/m);
  expect(code).toBe(2);
  const { stdout } = await runWarm(folder, ['runs', 'list', '--json']);
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
    ['backup'],
    ['restore'],
  ];
  for (const words of commands) {
    const { code, stdout } = await runWarm(project, [...words, '--help']);
    expect(stdout).toMatch(/Examples?:\n +\$ selvage /);
    expect(code).toBe(0);
  }
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a command whose file never ends loading',
  async (signal) => {
    const busy = makeCommandProject({ 'busy.js': "console.error('loading');\nfor (;;);\n" });
    const command = new Command(busy, ['validate', 'busy.js']);
    await command.hasWritten(/loading/);
    command.signal(signal);
    // Ended by the signal itself, it has no exit code; a shell shows 128 and the signal's number.
    expect(await command.finished).toMatchObject({ code: null });
  },
);

test('validate says of a file without anything that can run that there is nothing', async () => {
  const empty = makeCommandProject({ 'helpers.js': 'exports.one = () => 1;' });
  const { code, stderr } = await runWarm(empty, ['validate', 'helpers.js']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^helpers\.js: error FileWithoutTapestry: /)]);
});

test('validate counts what it does not list', async () => {
  const parameters = Array.from(
    { length: 1_003 },
    (_, at) => `  - { id: x${at}, type: parameter, type_: int }\n`,
  );
  const many = makeCommandProject({
    'callables.js': 'exports.one = () => 1;',
    'unused.yaml': `nodes:\n${parameters.join('')}  - { id: k, type: source, callable: one }\n`,
    'wrong.yaml': `nodes:\n${parameters.join('').replaceAll('type_', 'typ_')}`,
  });
  const told = await runWarm(many, ['validate', 'unused.yaml']);
  expect([told.code, told.stderr.trimEnd().split('\n').at(-1)]).toEqual([
    0,
    'unused.yaml: … and 3 more warnings',
  ]);
  const { stdout } = await runWarm(many, ['validate', 'unused.yaml', 'wrong.yaml', '--json']);
  const { files } = JSON.parse(stdout) as { files: { problems: unknown[]; more: number }[] };
  expect(files.map(({ problems, more }) => [problems.length, more])).toEqual([
    [1_000, 3],
    [1_000, 3],
  ]);
});
