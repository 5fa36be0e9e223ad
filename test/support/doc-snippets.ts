import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '../..');

/** A file of the repository. */
export const readFile = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

export const PAGES = [
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** A block of TypeScript in the documentation. */
export interface Snippet {
  /** Page and line. */
  readonly place: string;
  /** The file that the block names and must repeat word for word. */
  readonly file: string | undefined;
  readonly code: string;
  /** Whether it has tests, which run, or is from a file of tests. */
  readonly isTest: boolean;
}

export function snippetsOf(page: string): Snippet[] {
  const text = readFile(page);
  return [...text.matchAll(/^```ts(?: (\S+))?\n([\s\S]*?)^```/gm)].map(({ index, 1: file, 2: code }) => ({
    place: `${page}:${text.slice(0, index).split('\n').length}`,
    file,
    code: code!,
    isTest: /^test[.(]/m.test(code!) && (file === undefined || file.endsWith('.test.ts')),
  }));
}
