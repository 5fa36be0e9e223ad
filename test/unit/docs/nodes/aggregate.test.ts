import { aggregate, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const invoice = tapestry('invoice-line', (t) => {
  const price = t.parameter('price', z.number());
  const amount = t.parameter('amount', z.number());
  const line = aggregate(
    {
      inputs: { price, amount, currency: 'EUR' },
      combine: async ({ price, amount, currency }) => `${amount} x ${price} ${currency}`,
    },
    { id: 'line' },
  );
  return { line };
});

test('an aggregate makes one value of several', async () => {
  const { values, lineage } = await runLocally(invoice, { price: 4, amount: 3 });
  expect(values.line).toBe('3 x 4 EUR');
  expect(lineage.at(-1)).toMatchObject({
    knot_class: 'selvage.aggregate',
    parent_knot_ids: { price: 'param:price', amount: 'param:amount' },
  });
});
