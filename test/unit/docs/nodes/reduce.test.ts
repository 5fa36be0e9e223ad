import { reduce, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const prices = tapestry('prices', (t) => {
  const of = t.parameter('prices', z.array(z.number()));
  return {
    highest: reduce({ of, combine: (prices) => Math.max(...prices) }, { id: 'highest' }),
    sum: reduce({ of, fold: (sum, price) => sum + price, initial: 0 }, { id: 'sum' }),
  };
});

test('the whole list at once, or one element after the other', async () => {
  const { values } = await runLocally(prices, { prices: [3, 9, 4] });
  expect(values).toEqual({ highest: 9, sum: 16 });
});

test('an empty list has the initial value', async () => {
  const { values } = await runLocally(prices, { prices: [] });
  expect(values.sum).toBe(0);
});
