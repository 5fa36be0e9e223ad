import { knot, runLocally, subTapestry, tapestry } from 'selvage';
import { z } from 'zod';

const charge = knot('charge', ({ amount }: { amount: number }) => {
  if (amount <= 0) throw new Error('there is nothing to charge');
  return `charged ${amount}`;
});
const payment = tapestry('payment', { parameters: { amount: z.number() } }, (_t, { amount }) => ({
  receipt: charge({ amount }, { id: 'charged' }),
}));

const receiptOf = knot('receipt-of', ({ paid }: { paid: { receipt: string } }) => paid.receipt);
const order = tapestry('order', { parameters: { price: z.number() } }, (_t, { price }) => {
  const paid = subTapestry({ tapestry: payment, inputs: { amount: price } }, { id: 'paid' });
  return { receipt: receiptOf({ paid }, { id: 'receipt' }) };
});

test('its value is that of the other run', async () => {
  const { values } = await runLocally(order, { price: 5 });
  expect(values.receipt).toBe('charged 5');
});

test('it fails where the other run has', async () => {
  const { outcomes } = await runLocally(order, { price: 0 });
  expect(outcomes['paid']).toMatchObject({ kind: 'err', error: { type: 'SubRunFailed' } });
});
