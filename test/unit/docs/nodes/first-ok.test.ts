import { firstOk, knot, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const ask = knot('ask', ({ shop, closed }: { shop: string; closed: string[] }) => {
  if (closed.includes(shop)) throw new Error(`${shop} does not answer`);
  return `the price of ${shop}`;
});

const offer = tapestry('offer', (t) => {
  const closed = t.parameter('closed', z.array(z.string()));
  const primary = ask({ shop: 'city', closed }, { id: 'city' });
  const fallback = ask({ shop: 'corner', closed }, { id: 'corner' });
  return { price: firstOk({ of: [primary, fallback] }, { id: 'price' }) };
});

test('the first in the order of preference', async () => {
  const { values } = await runLocally(offer, { closed: [] });
  expect(values.price).toBe('the price of city');
});

test('a fallback for what failed', async () => {
  const { values } = await runLocally(offer, { closed: ['city'] });
  expect(values.price).toBe('the price of corner');
});

test('none is Ok', async () => {
  const { outcomes } = await runLocally(offer, { closed: ['city', 'corner'] });
  expect(outcomes['price']).toMatchObject({ kind: 'err', error: { type: 'NoAlternative' } });
});
