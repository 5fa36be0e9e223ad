import { z } from 'zod';
import { limit, list } from '../fields';
import { question } from '../operation';
import { foundSection, searchDocs } from './sections';

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
