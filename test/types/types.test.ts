import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { PAGES, savedFiles, snippetsOf } from '../support/doc-snippets';

const root = join(__dirname, '../..');
const files = readdirSync(__dirname)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => join(__dirname, name));

/** The examples of the documentation as files, by path, and what they import from one another: the definitions of the authoring page, and what a page says to save. */
function snippetFiles(): Map<string, string> {
  const [definitions, , tapestry] = snippetsOf('docs/authoring.md');
  const imports = /^import (?:.*definitions'|\{ z \}.*);$/gm;
  const own = PAGES.flatMap(snippetsOf).filter(({ file }) => file === undefined);
  const named = [
    ['definitions', definitions!.code + tapestry!.code.replace(imports, '')],
    ['workflows', "export { default } from 'selvage/workflows';\n"],
    ...[...savedFiles()].map(([file, code]) => [file.replace('.ts', ''), code]),
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

interface Complaint {
  readonly file: string;
  readonly line: number;
  /** What it is about. */
  readonly of: string;
  readonly message: string;
}

function diagnosed(names: readonly string[]): Complaint[] {
  const program = ts.createProgram(names, options, host);
  return names.flatMap((name) => {
    const file = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ start = 0, length = 0, messageText }) => ({
        file: basename(name),
        line: file.getLineAndCharacterOfPosition(start).line + 1,
        of: file.text.slice(start, start + length),
        message: ts.flattenDiagnosticMessageText(messageText, '\n'),
      }),
    );
  });
}

const complaints = (names: readonly string[]): string[] =>
  diagnosed(names).map(({ file, line, message }) => `${file}:${line} ${message}`);

// An error that is expected and does not come is an error as well (TS2578), so no complaint means that all came.
test('the type tests compile, with all the errors that they expect', () => {
  expect(files.length).toBeGreaterThan(5);
  expect(complaints(files)).toEqual([]);
});

test('the examples of the documentation compile', () => {
  expect(snippets.size).toBeGreaterThan(50);
  expect(complaints([...snippets.keys()])).toEqual([]);
});

const SHARED = `
import { knot, map, source, tapestry } from '../src';
const users = knot('users', () => [{ name: 'anna' }])({}, { id: 'users' });
const gifts = knot('gifts', () => [1, 2])({}, { id: 'gifts' });
const word = knot('word', () => 'hello')({}, { id: 'word' });
const greet = knot('greet', ({ user, word }: { user: { name: string }; word?: string }) => user.name + word);
const give = knot('give', ({ user, gift }: { user: { name: string }; gift: number }) => user.name.length + gift);
`;

/** Each in a line of its own, the argument that is wrong, and what the compiler says of it in the end. */
const MISTAKES_OF_MAPS: readonly (readonly [code: string, of: string, message: RegExp])[] = [
  ["over: word, each: greet, bind: 'user'", 'over', /Type 'string' is not assignable to type 'readonly /],
  [
    "over: gifts, each: greet, bind: 'user'",
    'over',
    /Type 'number' is not assignable to type '{ name: string; }'/,
  ],
  ['over: word, each: ({ element }) => element', 'over', /Type 'string' is not assignable to type 'object'/],
  [
    "over: users, each: greet, bind: 'person'",
    'bind',
    /"person"' is not assignable to type '"(user" \| "word|word" \| "user)"/,
  ],
  ['over: users, each: greet', '{', /Property 'bind' is missing/],
  ["over: users, each: give, bind: 'user'", '{', /Property 'shared' is missing .* Inputs</],
  [
    "over: users, each: give, bind: 'user', shared: { gift: word }",
    'gift',
    /Type 'string' is not assignable to type 'number'/,
  ],
  ["over: users, each: greet, bind: 'user', shared: { wrd: 'x' }", 'wrd', /Did you mean to write 'word'/],
  [
    "over: users, each: greet, bind: 'user', onError: 'ignore'",
    'onError',
    /"ignore"' is not assignable to type 'OnElementError/,
  ],
  [
    "over: users, each: greet, bind: 'user', batch: '4'",
    'batch',
    /Type 'string' is not assignable to type 'number'/,
  ],
  [
    "over: users, each: greet, bind: 'user', concurency: 3",
    'concurency',
    /Did you mean to write 'concurrency'/,
  ],
  ["over: users, each: 'greet', bind: 'user'", 'each', /Type 'string' is not assignable to type '\(inputs: /],
  ['over: users, each: ({ element }) => element.nam', 'nam', /Property 'nam' does not exist/],
  [
    'over: users, each: ({ element }: { element: number }) => element',
    'each',
    /'{ name: string; }' is not assignable to type 'number'/,
  ],
  [
    'over: { user: users, gift: users }, each: give',
    'gift',
    /Type '{ name: string; }' is not assignable to type 'number'/,
  ],
  [
    'over: { user: users, gift: gifts, more: gifts }, each: give',
    'more',
    /The definition has no input \\"more\\"/,
  ],
  [
    "over: { user: users, gift: gifts }, each: give, bind: 'user'",
    'bind',
    /not assignable to type 'undefined'/,
  ],
];

/** Each in a line of its own. */
const MISTAKES_OF_OUTPUTS: typeof MISTAKES_OF_MAPS = [
  [
    "knot('k', () => Buffer.from('hi'))",
    'Buffer',
    /NotEncodable<"it is a Buffer, which would come back as a Uint8Array">/,
  ],
  [
    "knot('k', () => ({ rows: [{ save: () => 1 }] }))",
    '(',
    /NotEncodable<"it\.rows\[\]\.save is a function">/,
  ],
  ["knot('k', { version: '1' }, () => /a/)", '/a/', /Return plain data, or name the type in EncodableTypes/],
  ["knot('k', async () => await fetch(''))", 'await', /NotEncodable<"it\.[\w.]+ is a function" \|/],
  ["source({ read: () => () => 1 }, { id: 'k' })", '()', /NotEncodable<"it is a function">/],
  ["map({ over: users, each: () => Symbol('s') }, { id: 'k' })", 'each', /NotEncodable<"it is a symbol">/],
  ["knot('k', () => users.nothing)", 'nothing', /Property 'nothing' does not exist/],
];

test.each([
  [
    'the arguments of map',
    MISTAKES_OF_MAPS,
    (code: string, n: number) => `map({ ${code} }, { id: 'map-${n}' });`,
  ],
  ['what a body returns', MISTAKES_OF_OUTPUTS, (code: string) => `${code};`],
])('of a mistake in %s, the compiler names the part that is wrong, once', (_, mistakes, callOf) => {
  const file = join(root, `docs/mistakes-of-${mistakes.length}.ts`);
  const calls = mistakes.map(([code], n) => callOf(code, n));
  snippets.set(file, `${SHARED}tapestry('t', () => {\n${calls.join('\n')}\n});\n`);
  const found = diagnosed([file]);
  snippets.delete(file);
  const first = SHARED.split('\n').length + 1;
  mistakes.forEach(([code, of, message], n) => {
    const said = found.filter(({ line }) => line === first + n);
    expect({
      code,
      said: said.map((complaint) => [complaint.of.slice(0, of.length), complaint.message]),
    }).toEqual({
      code,
      said: [[of, expect.stringMatching(message)]],
    });
  });
  expect(found).toHaveLength(mistakes.length);
});
