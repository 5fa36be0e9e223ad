import { knot, runLocally, tapestry, type Outcome } from 'selvage';
import { z } from 'zod';

const fetchPrice = knot('fetch-price', ({ shop }: { shop: string }): number => {
  if (shop === 'closed') throw new Error('it does not answer');
  return shop.length;
});
const report = knot('report', { receives: 'outcomes' }, ({ price }: { price: Outcome<number> }) => {
  switch (price.kind) {
    case 'ok':
      return `costs ${price.value}`;
    case 'err':
      return `no price: ${price.error.message}`;
    case 'skipped':
      return `no price: ${price.reason}`;
  }
});

const prices = tapestry('prices', (t) => {
  const price = fetchPrice({ shop: t.parameter('shop', z.string()) }, { id: 'price' });
  return { report: report({ price }, { id: 'report' }) };
});

test('it runs whatever became of its parents', async () => {
  expect((await runLocally(prices, { shop: 'open' })).values.report).toBe('costs 4');
  const { values, succeeded } = await runLocally(prices, { shop: 'closed' });
  expect(values.report).toBe('no price: it does not answer');
  // Received or not, it is a failure of the run.
  expect(succeeded).toBe(false);
});
