import { aggregate, knot, reduce, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const prices = knot('prices', async ({ shop }: { shop: string }) => [...shop].map((letter) => letter.length));

const report = tapestry('report', { parameters: { shop: z.string() } }, (_t, { shop }) => {
  const list = prices({ shop }, { id: 'prices' });
  const highest = reduce({ of: list, combine: (all) => Math.max(0, ...all) }, { id: 'highest' });
  const sum = reduce({ of: list, fold: (total, price) => total + price, initial: 0 }, { id: 'sum' });
  const line = aggregate(
    {
      inputs: { shop, highest, sum, unit: 'EUR' },
      combine: (x) => `${x.shop}: ${x.highest} of ${x.sum} ${x.unit}`,
    },
    { id: 'line' },
  );
  return { line };
});

test('a report has one line', async () => {
  const { values } = await runLocally(report, { shop: 'corner' });
  expect(values).toEqual({ line: 'corner: 1 of 6 EUR' });
});
