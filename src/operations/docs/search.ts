import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { SelvageError } from '../../errors';
import { limit, list } from '../fields';
import { question } from '../operation';

const foundSection = z.object({
  /** Path below the package's folder `docs`. */
  page: z.string(),
  heading: z.string(),
  /** The beginning of the section, in Markdown. */
  text: z.string(),
  truncated: z.boolean(),
});

export const search = question({
  name: 'docs.search',
  summary: 'search the documentation of the installed version',
  description:
    'Returns sections as Markdown: how something is written or configured, what an error code means.',
  group: 'write',
  isTool: true,
  at: ['query'],
  ask: z.strictObject({
    query: z.string().min(2).max(300).describe('a few words, as for a search engine'),
    limit: limit(10, 5),
  }),
  /** Best first. */
  answer: z.object({ items: list(foundSection) }),
  examples: [{ query: 'retry policy of a knot' }],
  inFull: true,
  /** @throws SelvageError `PackageIncomplete` */
  run: (_, { query, limit: most }) => ({ items: searchDocs(query, most) }),
});

/** Maximum number of shown characters of a section. */
const SHOWN = 1_500;
const FOLDER = path.join(__dirname, '../../../docs');
const WORD = /[\p{L}\p{N}_]+/gu;
const COMMON = new Set(
  'a an and are as be by do does for how i in is it my of on or the to what when with'.split(' '),
);

interface Section {
  readonly page: string;
  readonly heading: string;
  readonly text: string;
  /** Number of occurrences of the words; one in the heading counts ten. */
  readonly words: ReadonlyMap<string, number>;
}

let known: readonly Section[] | undefined;

/**
 * Sections of the documentation that contain words of the query, best first.
 *
 * @throws SelvageError `PackageIncomplete`
 */
function searchDocs(query: string, most: number): z.output<typeof foundSection>[] {
  const sections = (known ??= readSections());
  const wanted = [...new Set(wordsOf(query))].filter((word) => !COMMON.has(word));
  const weights = new Map(wanted.map((word) => [word, rarityOf(word, sections)]));
  const scored = sections.map((section) => ({ section, score: scoreOf(section, weights) }));
  return scored
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score)
    .slice(0, most)
    .map(({ section: { page, heading, text } }) => ({
      page,
      heading,
      text: text.slice(0, SHOWN),
      truncated: text.length > SHOWN,
    }));
}

function scoreOf({ words }: Section, weights: ReadonlyMap<string, number>): number {
  let score = 0;
  let met = 0;
  for (const [word, weight] of weights) {
    const count = words.get(word) ?? 0;
    if (count > 0) met += 1;
    // Later occurrences count less.
    score += weight * (count / (count + 3));
  }
  return score * met;
}

function rarityOf(word: string, sections: readonly Section[]): number {
  const having = sections.filter(({ words }) => words.has(word)).length;
  return Math.log(1 + sections.length / (1 + having));
}

function readSections(): Section[] {
  let names: string[];
  try {
    names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  } catch (cause) {
    throw new SelvageError(
      'PackageIncomplete',
      `The documentation is not in ${FOLDER}. Install the package again.`,
      { details: { folder: FOLDER }, cause },
    );
  }
  return names
    .sort()
    .flatMap((name) =>
      sectionsOf(name.split(path.sep).join('/'), readFileSync(path.join(FOLDER, name), 'utf8')),
    );
}

/** A section is the text below a heading, outside of code blocks. */
function sectionsOf(page: string, text: string): Section[] {
  const sections: { heading: string; lines: string[] }[] = [];
  let isCode = false;
  let title = page;
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode;
    const [, level, heading] = isCode ? [] : (/^(#{1,3}) (.+)$/.exec(line) ?? []);
    if (heading !== undefined) {
      if (level === '#') title = heading;
      sections.push({ heading: level === '#' ? heading : `${title}: ${heading}`, lines: [] });
    } else sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ heading, lines }) => {
    const body = lines.join('\n').trim();
    const words = new Map<string, number>();
    for (const word of wordsOf(body)) words.set(word, (words.get(word) ?? 0) + 1);
    for (const word of wordsOf(heading)) words.set(word, (words.get(word) ?? 0) + 10);
    return { page, heading, text: body, words };
  });
}

/** The words of a text, in lower case, without the plural `s`. */
function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(WORD) ?? []).map((word) =>
    word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word,
  );
}
