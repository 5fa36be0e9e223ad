import { aggregate, branch, firstOk, gate, knot, reduce, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

type Order = { kind: 'goods'; prices: number[] } | { kind: 'voucher'; worth: number };

const load = knot('load', async ({ id }: { id: string }): Promise<Order> =>
  id === 'gift'
    ? { kind: 'voucher', worth: 20 }
    : { kind: 'goods', prices: [...id].map((letter) => letter.length) },
);
const pricesOf = knot('prices-of', ({ goods }: { goods: Extract<Order, { kind: 'goods' }> }) => goods.prices);
const worthOf = knot(
  'worth-of',
  ({ voucher }: { voucher: Extract<Order, { kind: 'voucher' }> }) => voucher.worth,
);
const pay = knot('pay', ({ amount }: { amount: number }) => `paid ${amount}`);

const orders = tapestry('orders', { parameters: { id: z.string() } }, (_t, { id }) => {
  const order = load({ id }, { id: 'order' });
  const kind = branch({ input: order, on: 'kind' }, { id: 'kind' });
  const prices = pricesOf({ goods: kind.path('goods') }, { id: 'prices' });
  const sum = reduce({ of: prices, fold: (total, price) => total + price, initial: 0 }, { id: 'sum' });
  const worth = worthOf({ voucher: kind.path('voucher') }, { id: 'worth' });
  const amount = firstOk({ of: [sum, worth] }, { id: 'amount' });
  const due = gate({ input: amount, predicate: (amount) => amount > 0 }, { id: 'due' });
  pay({ amount: due }, { id: 'paid' });
  const line = aggregate(
    { inputs: { id, amount, unit: 'EUR' }, combine: (x) => `${x.id}: ${x.amount} ${x.unit}` },
    { id: 'line' },
  );
  return { line };
});

test('an order of goods', async () => {
  const { values, outcomes } = await runLocally(orders, { id: 'books' });
  expect(values).toEqual({ line: 'books: 5 EUR' });
  expect(outcomes['paid']).toEqual({ kind: 'ok', value: 'paid 5' });
  expect(outcomes['kind:voucher']).toEqual({ kind: 'skipped', reason: 'branch_not_selected' });
  expect(outcomes['worth']).toMatchObject({ kind: 'skipped', reason: 'parent_failed_or_skipped' });
});

test('an order of nothing', async () => {
  const { values, outcomes, succeeded } = await runLocally(orders, { id: '' });
  expect(values).toEqual({ line: ': 0 EUR' });
  expect(outcomes['due']).toEqual({ kind: 'skipped', reason: 'gate_closed' });
  expect(succeeded).toBe(true);
});
