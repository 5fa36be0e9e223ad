import path from 'node:path';
import { PAGES, readFile } from './doc-snippets';

/** What writes `llms.txt`. */
export const WRITE = 'npx tsx scripts/write-llms.ts';

/** Longest line about a page, in characters. */
const MOST = 200;

/** The headings of the list, each with the folder of its pages below `docs`. Guides are the pages that no folder has. */
const SECTIONS: readonly (readonly [heading: string, folder: string | undefined])[] = [
  ['Tutorial', 'tutorial'],
  ['Recipes', 'recipes'],
  ['Guides', undefined],
  ['Nodes', 'nodes'],
  ['Error policies', 'policies'],
  ['Backends and brokers', 'adapters'],
  ['Errors', 'errors'],
  ['Operations', 'operations'],
  ['Command line', 'cli'],
  ['Comparisons', 'comparisons'],
  // The name that llmstxt.org gives to what may be left out.
  ['Optional', 'internals'],
];

/** `llms.txt`, as https://llmstxt.org has it: each page of the documentation with its title and first sentence. */
export function llmsText(): string {
  const pages = PAGES.filter((page) => page.startsWith('docs/')).sort();
  const [, summary] = /^# .+\n\n([^\n]+(?:\n[^\n]+)*)/.exec(readFile('README.md'))!;
  const sections = SECTIONS.map(([heading, folder]) => {
    const ofSection = pages.filter((page) => sectionOf(page) === folder);
    return `## ${heading}\n\n${ofSection.map(lineOf).join('\n')}\n`;
  });
  return [
    '# Selvage\n',
    `> ${plain(summary!)}\n`,
    'Each page is a Markdown file of the npm package, which `selvage mcp` and `docs/search` of the HTTP API search. Begin with docs/install.md.\n',
    ...sections,
  ].join('\n');
}

/** The folder of the section that a page is in; undefined for a guide. */
function sectionOf(page: string): string | undefined {
  const [, folder] = page.split('/');
  return SECTIONS.map(([, one]) => one).find((one) => one === folder);
}

/** Pages that say of others what they are about. */
const OVERVIEWS = ['docs/README.md', 'docs/tutorial.md', 'docs/operations/README.md'];

function lineOf(page: string): string {
  const text = readFile(page);
  const title = plain(/^# (.+)$/m.exec(text)![1]!).replace(/^\d+\. /, '');
  const about = OVERVIEWS.map((overview) => saidBy(overview, page)).find(Boolean);
  return `- [${title}](${page}): ${about ?? (verbsOf(page) || beginningOf(text))}`;
}

/** What an overview says of a page, behind its link. */
function saidBy(overview: string, page: string): string | undefined {
  const link = path.posix.relative(path.posix.dirname(overview), page);
  const line = readFile(overview)
    .split('\n')
    .find((one) => one.includes(`](${link}): `));
  return line && plain(line.slice(line.indexOf(`](${link}): `) + link.length + 5));
}

/** What the commands of a page do, as the list of all commands has it. */
function verbsOf(page: string): string {
  const link = `](${path.posix.relative('docs', page)})`;
  const rows = readFile('docs/cli.md')
    .split('\n')
    .filter((line) => line.startsWith('| [`selvage ') && line.includes(link));
  return rows.map((line) => plain(line.split(/(?<!\\)\|/)[2]!)).join('; ');
}

/** The first sentences of the first paragraph that is no heading, list, table, code or picture, as far as there is room. */
function beginningOf(text: string): string {
  const paragraphs = text.replace(/^```[\s\S]*?^```/gm, '').split(/\n{2,}/);
  const first = paragraphs.map((one) => one.trim()).find((one) => /^[^#|<!\-\d]/.test(one)) ?? '';
  const [sentence = '', ...others] = plain(first).split(/(?<=[.!?]) (?=[A-Z`])/);
  let beginning = sentence;
  for (const other of others) {
    if (beginning.length + other.length >= MOST) break;
    beginning += ` ${other}`;
  }
  return beginning.length <= MOST ? beginning : `${beginning.slice(0, MOST).replace(/\s\S*$/, '')} …`;
}

/** In one line, without links and emphasis. */
function plain(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(?<![\w`])_([^_]+)_(?!\w)|\*\*([^*]+)\*\*/g, '$1$2')
    .replace(/\s+/g, ' ')
    .trim();
}
