import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from '@swc/core';

const ROOT = path.join(__dirname, '../..');

/** A file of the repository. */
export const readFile = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

export const PAGES = [
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Anchors of a page as GitHub makes them of headings, and those that it names itself. */
export function anchorsOf(page: string): Set<string> {
  const text = page.replace(/^```[\s\S]*?^```/gm, '');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  const named = [...text.matchAll(/<a name="([^"]+)"><\/a>/g)].map(([, name]) => name!);
  return new Set([...headings, ...named]);
}

/** A block of TypeScript in the documentation. */
export interface Snippet {
  /** Page and line. */
  readonly place: string;
  /** The file that the block names and must repeat word for word. */
  readonly file: string | undefined;
  readonly code: string;
  /** The name under which the page says to save it: "`shops.ts`:" stands before it. Other blocks import it as './shops'. */
  readonly savedAs: string | undefined;
  /** Whether it has tests, which run, or is from a file of tests. */
  readonly isTest: boolean;
}

export function snippetsOf(page: string): Snippet[] {
  const text = readFile(page);
  return [...text.matchAll(/^```ts(?: (\S+))?\n([\s\S]*?)^```/gm)].map(({ index, 1: file, 2: code }) => ({
    place: `${page}:${text.slice(0, index).split('\n').length}`,
    file,
    code: code!,
    savedAs: /\n`([\w-]+\.ts)`:\n\n$/.exec(text.slice(0, index))?.[1],
    isTest: /^test[.(]/m.test(code!) && (file === undefined || file.endsWith('.test.ts')),
  }));
}

/** The blocks that a reader saves as files and other blocks import, by the name of the file. */
export function savedFiles(): Map<string, string> {
  const saved = PAGES.flatMap(snippetsOf).flatMap(({ savedAs, isTest, code }) =>
    savedAs === undefined || isTest ? [] : [[savedAs, code] as const],
  );
  return new Map(saved);
}

/** TypeScript as CommonJS. */
export const compiled = (code: string): string =>
  transformSync(code, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  }).code;

/** What a block exports. With the `require` of a test, 'selvage' means the sources; './shops' is the block that is saved as `shops.ts`. */
export function loadSnippet(code: string, requireOfTest: NodeJS.Require): Record<string, unknown> {
  const exported: Record<string, unknown> = {};
  const required = (name: string): unknown => {
    const saved = savedFiles().get(`${name.replace('./', '')}.ts`);
    return name.startsWith('./') && saved !== undefined
      ? loadSnippet(saved, requireOfTest)
      : requireOfTest(name);
  };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  (new Function('require', 'exports', compiled(code)) as (...given: unknown[]) => void)(required, exported);
  return exported;
}
