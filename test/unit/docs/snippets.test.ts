import path from 'node:path';
import { transformSync } from '@swc/core';
import ts from 'typescript';
import { PAGES, readFile, snippetsOf } from '../../support/doc-snippets';

const ROOT = path.join(__dirname, '../../..');
const snippets = PAGES.flatMap(snippetsOf);
const ownSnippets = snippets.filter(({ file }) => !file);

test('there are snippets to check', () => {
  expect(snippets.length).toBeGreaterThan(60);
  expect(ownSnippets.filter(({ isTest }) => isTest).length).toBeGreaterThan(25);
});

test.each(snippets.filter(({ file }) => file))('$place is the file that it names', ({ file, code }) => {
  expect(readFile(file!)).toBe(code);
});

describe.each(ownSnippets.filter(({ isTest }) => isTest))('$place', ({ code }) => {
  const { code: compiled } = transformSync(code, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  // `require` is that of jest, to which 'selvage' means the sources.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  (new Function('require', 'exports', compiled) as (...given: unknown[]) => void)(require, {});
});

/** What snippets import from one another: the definitions of the authoring page. */
function sharedFiles(): [name: string, code: string][] {
  const [definitions, , tapestry] = snippetsOf('docs/authoring.md');
  const imports = /^import (?:.*definitions'|\{ z \}.*);$/gm;
  return [
    ['definitions.ts', definitions!.code + tapestry!.code.replace(imports, '')],
    ['workflows.ts', "export { default } from 'selvage/workflows';\n"],
  ];
}

test('all snippets compile', () => {
  const parsed = ts.getParsedCommandLineOfConfigFile(
    path.join(ROOT, 'tsconfig.check.json'),
    { noUnusedLocals: false, noUnusedParameters: false },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  const folder = path.join(ROOT, 'docs');
  const files = new Map([
    ...sharedFiles().map(([name, code]) => [path.join(folder, name), code] as const),
    ...ownSnippets.map(
      ({ place, code }) => [path.join(folder, `${place.replace(/\W/g, '-')}.ts`), code] as const,
    ),
  ]);
  const host = ts.createCompilerHost(parsed!.options);
  const { fileExists, readFile: read } = host;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file) ?? read(file);
  const program = ts.createProgram([...files.keys()], parsed!.options, host);
  const problems = [...files.keys()]
    .flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)))
    .map(({ file, start, messageText }) => {
      const line = file!.getLineAndCharacterOfPosition(start!).line + 1;
      return `${path.basename(file!.fileName)}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  expect(problems).toEqual([]);
});
