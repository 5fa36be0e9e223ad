import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '../..');
const files = readdirSync(__dirname)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => join(__dirname, name));

function createProgram(): ts.Program {
  const path = join(root, 'tsconfig.check.json');
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root, { noEmit: true }, path);
  return ts.createProgram(files, options);
}

// An error that is expected and does not come is an error as well (TS2578), so no complaint means that all came.
test('the type tests compile, with all the errors that they expect', () => {
  const program = createProgram();
  const complaints = files.flatMap((name) => {
    const file = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ start = 0, messageText }) =>
        `${basename(name)}:${file.getLineAndCharacterOfPosition(start).line + 1} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
  expect(files.length).toBeGreaterThan(5);
  expect(complaints).toEqual([]);
}, 60_000);
