import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../../..');

interface Snippet {
  readonly page: string;
  readonly line: number;
  /** The file that the block names, which it must repeat word for word. */
  readonly file: string | undefined;
  readonly code: string;
}

const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const snippets = pages.flatMap(snippetsOf);

function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```ts(?: (\S+))?\n([\s\S]*?)^```/gm)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    file: match[1],
    code: match[2]!,
  }));
}

test('there are snippets to check', () => {
  expect(snippets.length).toBeGreaterThan(8);
});

test.each(
  snippets.filter(({ file }) => file).map((snippet) => [`${snippet.page}:${snippet.line}`, snippet] as const),
)('%s is the file that it names', (_, { file, code }) => {
  expect(existsSync(join(ROOT, file!))).toBe(true);
  expect(readFileSync(join(ROOT, file!), 'utf8')).toBe(code);
});

/** What snippets import from one another: the definitions of the authoring page. */
const SHARED = { './definitions': snippetsOf('docs/authoring.md') };

test('all snippets compile', () => {
  const folder = mkdtempSync(join(ROOT, 'test/support/snippets/'));
  try {
    const [definitions, , tapestry] = SHARED['./definitions'];
    writeFileSync(
      join(folder, 'definitions.ts'),
      definitions!.code +
        tapestry!.code.replace(/^import .*definitions';$/m, '').replace(/^import \{ z \}.*$/m, ''),
    );
    writeFileSync(join(folder, 'workflows.ts'), "export { default } from 'selvage/workflows';\n");
    const files = snippets
      .filter(({ file }) => !file)
      .map(({ page, line, code }) => {
        const path = join(folder, `${page.replace(/\W/g, '-')}-${line}.ts`);
        writeFileSync(path, code);
        return path;
      });
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.check.json'), (path) =>
      readFileSync(path, 'utf8'),
    ) as {
      config: { compilerOptions: object };
    };
    const base = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.convertCompilerOptionsFromJson(
      {
        ...base.config.compilerOptions,
        ...config.compilerOptions,
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      ROOT,
    );
    const program = ts.createProgram(files, options);
    const problems = ts
      .getPreEmitDiagnostics(program)
      .filter(({ file }) => file?.fileName.startsWith(folder))
      .map((problem) => {
        const { line } = problem.file!.getLineAndCharacterOfPosition(problem.start!);
        return `${problem.file!.fileName.slice(folder.length + 1)}:${line + 1} ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`;
      });
    expect(problems).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
