import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { PAGES, snippetsOf } from '../support/doc-snippets';

const root = join(__dirname, '../..');
const files = readdirSync(__dirname)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => join(__dirname, name));

/** The examples of the documentation as files, by path, and what they import from one another: the definitions of the authoring page. */
function snippetFiles(): Map<string, string> {
  const [definitions, , tapestry] = snippetsOf('docs/authoring.md');
  const imports = /^import (?:.*definitions'|\{ z \}.*);$/gm;
  const own = PAGES.flatMap(snippetsOf).filter(({ file }) => file === undefined);
  const named = [
    ['definitions', definitions!.code + tapestry!.code.replace(imports, '')],
    ['workflows', "export { default } from 'selvage/workflows';\n"],
    ...own.map(({ place, code }) => [place.replace(/\W/g, '-'), code]),
  ];
  return new Map(named.map(([name, code]) => [join(root, `docs/${name}.ts`), code!]));
}

const snippets = snippetFiles();

const configFile = join(root, 'tsconfig.check.json');
const { config } = ts.readConfigFile(configFile, ts.sys.readFile) as { config: unknown };
const changes = { noEmit: true, noUnusedLocals: false, noUnusedParameters: false };
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root, changes, configFile);
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = (file) => snippets.has(file) || fileExists(file);
host.readFile = (file) => snippets.get(file) ?? readFile(file);
/** The sources are parsed once for both programs. */
const parsed = new Map<string, ts.SourceFile | undefined>();
host.getSourceFile = (file, ...how) => {
  if (!parsed.has(file)) parsed.set(file, getSourceFile(file, ...how));
  return parsed.get(file);
};

function complaints(names: readonly string[]): string[] {
  const program = ts.createProgram(names, options, host);
  return names.flatMap((name) => {
    const file = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ start = 0, messageText }) =>
        `${basename(name)}:${file.getLineAndCharacterOfPosition(start).line + 1} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}

// An error that is expected and does not come is an error as well (TS2578), so no complaint means that all came.
test('the type tests compile, with all the errors that they expect', () => {
  expect(files.length).toBeGreaterThan(5);
  expect(complaints(files)).toEqual([]);
});

test('the examples of the documentation compile', () => {
  expect(snippets.size).toBeGreaterThan(50);
  expect(complaints([...snippets.keys()])).toEqual([]);
});
