import { gate, knot, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const pay = knot('pay', ({ amount }: { amount: number }) => `paid ${amount}`);

const payment = tapestry('payment', (t) => {
  const amount = t.parameter('amount', z.number());
  const due = gate({ input: amount, predicate: (amount) => amount > 0 }, { id: 'due' });
  return { receipt: pay({ amount: due }, { id: 'receipt' }) };
});

test('open, the gate passes its input on', async () => {
  const { values } = await runLocally(payment, { amount: 5 });
  expect(values.receipt).toBe('paid 5');
});

test('closed, it skips what depends on it, which is no failure', async () => {
  const { outcomes, succeeded } = await runLocally(payment, { amount: 0 });
  expect(outcomes['due']).toEqual({ kind: 'skipped', reason: 'gate_closed' });
  expect(outcomes['receipt']).toMatchObject({ kind: 'skipped', reason: 'parent_failed_or_skipped' });
  expect(succeeded).toBe(true);
});

test('it is open or closed, and nothing between', async () => {
  const wrong = tapestry('wrong', (t) => {
    const amount = t.parameter('amount', z.number());
    return { due: gate({ input: amount, predicate: (amount) => amount as never }, { id: 'due' }) };
  });
  const { outcomes } = await runLocally(wrong, { amount: 1 });
  expect(outcomes['due']).toMatchObject({ kind: 'err', error: { type: 'NotABoolean' } });
});
