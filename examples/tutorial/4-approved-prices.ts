import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gate, knot, map, sink, tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';

const askPrice = knot('ask-price', { output: z.number().positive() }, async ({ shop }: { shop: string }) => {
  if (shop === 'closed') throw new Error('the shop "closed" does not answer');
  return shop.length * 10;
});
const analyse = knot(
  'analyse',
  { version: '1', cache: true },
  async ({ prices }: { prices: readonly number[] }) => {
    await delay(2_000);
    const sum = prices.reduce((total, price) => total + price, 0);
    return { lowest: Math.min(...prices), mean: sum / prices.length };
  },
);

const approval = z.object({ by: z.string(), publish: z.boolean() });

export const approvedPrices = tapestry(
  'approved-prices',
  { parameters: { shops: z.array(z.string()), out: z.string().default('prices.txt') } },
  (_t, { shops, out }) => {
    const prices = map(
      { over: shops, each: askPrice, bind: 'shop', onError: 'skip' },
      { id: 'prices', retry: { maximumAttempts: 3, initialInterval: 100 } },
    );
    const analysis = analyse({ prices }, { id: 'analysis' });
    // It costs nothing while it waits, be it for a month.
    const approved = waitForSignal('approve', approval, { id: 'approved', after: [analysis] });
    const yes = gate({ input: approved, predicate: ({ publish }) => publish }, { id: 'yes' });
    const published = sink(
      {
        inputs: { analysis, yes, out },
        write: async ({ analysis, yes, out }) => {
          const file = path.resolve(out);
          await writeFile(file, `from ${analysis.lowest} EUR, ${analysis.mean} in the mean (${yes.by})\n`);
          return file;
        },
      },
      { id: 'published' },
    );
    return { analysis, published };
  },
);
