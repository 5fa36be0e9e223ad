import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadPipelineFile, runLocally, type PipelineProblem } from '../../../src';
import { folderForEach } from '../../conformance/temporary-folder';
import { rejectionOf } from '../../support/rejection-of';

const temporary = folderForEach();

function write(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(temporary(), name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return path.join(temporary(), Object.keys(files)[0]!);
}

async function codesOf(file: string): Promise<string[]> {
  const { details } = (await rejectionOf(loadPipelineFile(file))) as unknown as {
    details: { problems: PipelineProblem[] };
  };
  return details.problems.map(({ code, line, column }) => `${line}:${column} ${code}`);
}

const NODE = (callable: string): string => `nodes:\n  - { id: k, type: source, callable: ${callable} }\n`;

test('the callables are what a file beside the document exports, and its name is that of the file', async () => {
  const file = write({ 'nightly.yaml': NODE('one'), 'callables.js': 'exports.one = () => 1;' });
  const { tapestry, tapestries } = await loadPipelineFile(file);
  expect(tapestry.name).toBe('nightly');
  expect(tapestries).toEqual([tapestry]);
  expect((await runLocally(tapestry, {})).outputs).toEqual({ k: 1 });
});

test('callables that are given go before those of files', async () => {
  const file = write({ 'p.yaml': NODE('one'), 'callables.js': 'exports.one = () => 1;' });
  const { tapestry } = await loadPipelineFile(file, { callables: { one: () => 'given' } });
  expect((await runLocally(tapestry, {})).outputs).toEqual({ k: 'given' });
});

test('the files that the document names are its callables, with and without their endings', async () => {
  const file = write({
    'p.yaml': `callables: [./a, lib/b.cjs]\nnodes:\n  - { id: a, type: source, callable: one }\n  - { id: b, type: source, callable: two }\n`,
    'a.js': 'module.exports = { one: () => 1 };',
    'lib/b.cjs': 'exports.two = () => 2;',
  });
  const { tapestry } = await loadPipelineFile(file);
  expect((await runLocally(tapestry, {})).outputs).toEqual({ a: 1, b: 2 });
});

test('a module is named as module:export where the document allows it', async () => {
  const file = write({
    'p.yaml': `allow_callable_refs: true\nallowed_module_prefixes: [lib]\n${NODE('./lib/b:two')}`,
    'lib/b.js': 'exports.two = () => 2;',
  });
  const { tapestry } = await loadPipelineFile(file);
  expect((await runLocally(tapestry, {})).outputs).toEqual({ k: 2 });
  const strict = await rejectionOf(loadPipelineFile(file, { loadModules: false }));
  expect(strict).toMatchObject({
    code: 'InvalidPipeline',
    details: { problems: [{ code: 'CallableNotAllowed' }] },
  });
});

test.each([
  ['is not there', NODE('lib/none:two'), '3:38 FileNotFound'],
  ['does not export it', NODE('lib/b:tow'), '3:38 UnknownCallable'],
  ['lies outside of the folder', NODE('../b:two'), '3:38 CallableNotAllowed'],
  ['is an absolute path', NODE('/etc/b:two'), '3:38 CallableNotAllowed'],
  ['is linked from outside', NODE('linked/b:two'), '3:38 CallableNotAllowed'],
  ['throws', NODE('lib/broken:two'), '3:38 FileNotLoadable'],
])('a module that %s is refused where it is named', async (_, nodes, expected) => {
  const file = write({
    'here/p.yaml': `allow_callable_refs: true\n${nodes}`,
    'here/lib/b.js': 'exports.two = () => 2;',
    'here/lib/broken.js': 'throw new Error("no");',
    'b.js': 'exports.two = () => 2;',
  });
  symlinkSync(temporary(), path.join(temporary(), 'here/linked'));
  expect(await codesOf(file)).toEqual([expected]);
});

test('a module that is not among the allowed ones is not loaded', async () => {
  const file = write({
    'p.yaml': `allow_callable_refs: true\nallowed_module_prefixes: [lib]\n${NODE('other:two')}`,
    'other.js': 'globalThis.wasLoaded = true; exports.two = () => 2;',
  });
  expect(await codesOf(file)).toEqual(['4:38 CallableNotAllowed']);
  expect(globalThis).not.toHaveProperty('wasLoaded');
});

test('of callables whose file could not be loaded, nothing is said but that', async () => {
  const file = write({ 'p.yaml': NODE('one'), 'callables.js': 'throw new Error("no");' });
  expect(await codesOf(file)).toEqual(['1:1 FileNotLoadable']);
});

test('a file that is not there, and one that is not text', async () => {
  expect(await rejectionOf(loadPipelineFile(path.join(temporary(), 'none.yaml')))).toMatchObject({
    code: 'FileNotFound',
  });
  const file = path.join(temporary(), 'p.yaml');
  writeFileSync(file, Buffer.from([0xff, 0xfe, 0x61, 0]));
  expect(await rejectionOf(loadPipelineFile(file))).toMatchObject({ code: 'FileNotLoadable' });
});

test('parameters that no node uses are warned of, with their places', async () => {
  const file = write({
    'p.yaml': `nodes:\n  - { id: x, type: parameter, type_: int }\n  - { id: k, type: source, callable: one }\n`,
    'callables.js': 'exports.one = () => 1;',
  });
  const { warnings, moreWarnings } = await loadPipelineFile(file);
  expect(warnings).toMatchObject([{ code: 'UnusedParameter', line: 2, column: 7 }]);
  expect(moreWarnings).toBe(0);
});

test('warnings beyond the first thousand are counted', async () => {
  const parameters = Array.from(
    { length: 1_003 },
    (_, at) => `  - { id: x${at}, type: parameter, type_: int }\n`,
  );
  const file = write({
    'p.yaml': `nodes:\n${parameters.join('')}  - { id: k, type: source, callable: one }\n`,
    'callables.js': 'exports.one = () => 1;',
  });
  const { warnings, moreWarnings } = await loadPipelineFile(file);
  expect([warnings.length, moreWarnings]).toEqual([1_000, 3]);
});
