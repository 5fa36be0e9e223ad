import { setTimeout as delay } from 'node:timers/promises';
import { knot, map, tapestry } from 'selvage';
import { z } from 'zod';

const askPrice = knot('ask-price', { output: z.number().positive() }, async ({ shop }: { shop: string }) => {
  if (shop === 'closed') throw new Error('the shop "closed" does not answer');
  return shop.length * 10;
});

/** Slow, and a function of its inputs: with equal prices it is not called again. */
const analyse = knot(
  'analyse',
  { version: '1', cache: true },
  async ({ prices }: { prices: readonly number[] }) => {
    await delay(2_000);
    const sum = prices.reduce((total, price) => total + price, 0);
    return { lowest: Math.min(...prices), mean: sum / prices.length };
  },
);

export const reusedPrices = tapestry(
  'reused-prices',
  { parameters: { shops: z.array(z.string()) } },
  (_t, { shops }) => {
    const prices = map(
      { over: shops, each: askPrice, bind: 'shop', onError: 'skip' },
      { id: 'prices', retry: { maximumAttempts: 3, initialInterval: 100 } },
    );
    return { analysis: analyse({ prices }, { id: 'analysis' }) };
  },
);
