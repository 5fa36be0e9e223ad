import { knot, tapestry } from 'selvage';
import { z } from 'zod';

/** Stands for a call to a shop: the same question always has the same answer. */
const askPrice = knot('ask-price', { output: z.number().positive() }, async ({ shop }: { shop: string }) => {
  if (shop === 'closed') throw new Error('the shop "closed" does not answer');
  return shop.length * 10;
});
const label = knot('label', ({ shop, price }: { shop: string; price: number }) => `${shop}: ${price} EUR`);

export const onePrice = tapestry('one-price', { parameters: { shop: z.string() } }, (_t, { shop }) => {
  const price = askPrice({ shop }, { id: 'price', retry: { maximumAttempts: 3, initialInterval: 100 } });
  return { label: label({ shop, price }, { id: 'label' }) };
});
