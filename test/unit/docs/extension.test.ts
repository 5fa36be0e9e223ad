import { fragment, knot, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const pagesOf = knot('pages-of', ({ site }: { site: string }) => ['a', 'b', 'c'].slice(0, site.length));
const fetchPage = knot('fetch-page', ({ site, page }: { site: string; page: string }) => `${site}/${page}`);
const total = knot('total', (texts: Record<string, string>) => Object.keys(texts).length);

// How many knots there are to be is known when the run works, not before.
const plan = knot('plan', ({ site, pages }: { site: string; pages: string[] }, context) => {
  context.extend(
    fragment((f) => {
      const texts = pages.map((page) => fetchPage({ site, page }, { id: `page-${page}` }));
      const count = total(Object.fromEntries(texts.map((text) => [text.id, text])), { id: 'count' });
      // Newcomers may wait for any knot of the run, finished or not.
      total({ list: f.ref<string>('pages') }, { id: 'listed' });
      return { count };
    }),
  );
  return pages.length;
});

const crawl = tapestry(
  'crawl',
  { parameters: { site: z.string() }, extensible: { definitions: [fetchPage, total] } },
  (_t, { site }) => {
    const pages = pagesOf({ site }, { id: 'pages' });
    return { planned: plan({ site, pages }, { id: 'plan' }) };
  },
);

test('the run has what its body has brought', async () => {
  const { outputs, values } = await runLocally(crawl, { site: 'xy' });
  expect(outputs).toMatchObject({ plan: 2, 'page-a': 'xy/a', 'page-b': 'xy/b', count: 2, listed: 1 });
  expect(values).toEqual({ planned: 2, count: 2 });
});
