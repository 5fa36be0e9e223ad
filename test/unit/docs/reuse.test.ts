import { aggregate, knot, runLocally, tapestry } from 'selvage';
import { createInMemoryBackends } from 'selvage/backends';
import { z } from 'zod';

const ran: string[] = [];

const fetchPage = knot('fetch-page', ({ url }: { url: string }, { knotId }) => {
  ran.push(knotId);
  return `a page of ${new URL(url).host}`;
});
const countWords = knot('count-words', { version: '1', cache: true }, ({ text }: { text: string }, ctx) => {
  ran.push(ctx.knotId);
  return text.split(' ').length;
});
const rate = knot(
  'rate',
  { version: '1', cache: { maxAge: 3_600_000 } },
  ({ currency }: { currency: string }, ctx) => {
    ran.push(ctx.knotId);
    return currency === 'EUR' ? 1 : 1.1;
  },
);

const pages = tapestry('pages', (t) => {
  const page = fetchPage({ url: t.parameter('url', z.string()) }, { id: 'page' });
  const words = countWords({ text: page }, { id: 'words' });
  const price = aggregate(
    { inputs: { words, rate: rate({ currency: 'EUR' }, { id: 'rate' }) }, combine: (x) => x.words * x.rate },
    { id: 'price', cache: { codeHash: 'source' } },
  );
  return { price };
});

test('what is made of the same is not made again', async () => {
  const backends = createInMemoryBackends();
  const bodiesOf = async (url: string, reuse = true): Promise<string[]> => {
    ran.length = 0;
    const { values } = await runLocally(pages, { url }, { backends, reuse });
    expect(values).toEqual({ price: 4 });
    return [...ran].sort();
  };
  expect(await bodiesOf('https://example.org/one')).toEqual(['page', 'rate', 'words']);
  // The page is fetched anew and is the same as before: nothing below it runs.
  expect(await bodiesOf('https://example.org/two')).toEqual(['page']);
  expect(await bodiesOf('https://example.org/two', false)).toEqual(['page', 'rate', 'words']);
});
