import { knot, loop, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const fetchPage = knot('fetch-page', ({ page }: { page: number }) => ({ lines: 10, next: page + 1 }));
const nextOf = knot('next-of', ({ fetched }: { fetched: { next: number } }) => fetched.next);
const linesOf = knot(
  'lines-of',
  ({ fetched, lines }: { fetched: { lines: number }; lines: number }) => lines + fetched.lines,
);

// What it returns under the names of its parameters is their next value.
const onePage = tapestry(
  'one-page',
  { parameters: { page: z.number(), lines: z.number() } },
  (_t, { page, lines }) => {
    const fetched = fetchPage({ page }, { id: 'fetched' });
    return {
      page: nextOf({ fetched }, { id: 'next' }),
      lines: linesOf({ fetched, lines }, { id: 'lines' }),
    };
  },
);

const pages = (max: number) =>
  tapestry('all-pages', () => ({
    all: loop(
      { step: onePage, initial: { page: 0, lines: 0 }, until: async ({ lines }) => lines >= 30, max },
      { id: 'all' },
    ),
  }));

test('its value is the last state', async () => {
  const { values } = await runLocally(pages(10), {});
  expect(values.all).toEqual({ page: 3, lines: 30 });
});

test('it never goes on for ever', async () => {
  const { outcomes } = await runLocally(pages(2), {});
  expect(outcomes['all']).toMatchObject({ kind: 'err', error: { type: 'LoopLimit' } });
});
