import { knot, map, reduce, tapestry } from 'selvage';
import { z } from 'zod';

const askPrice = knot('ask-price', { output: z.number().positive() }, async ({ shop }: { shop: string }) => {
  if (shop === 'closed') throw new Error('the shop "closed" does not answer');
  return shop.length * 10;
});

export const manyPrices = tapestry(
  'many-prices',
  { parameters: { shops: z.array(z.string()) } },
  (_t, { shops }) => {
    const prices = map(
      { over: shops, each: askPrice, bind: 'shop', concurrency: 8, onError: 'skip' },
      { id: 'prices', retry: { maximumAttempts: 3, initialInterval: 100 }, timeout: 10_000 },
    );
    const cheapest = reduce({ of: prices, combine: (all) => Math.min(...all) }, { id: 'cheapest' });
    return { prices, cheapest };
  },
);
