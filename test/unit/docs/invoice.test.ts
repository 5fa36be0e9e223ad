import { knot, runLocally, tapestry } from 'selvage';
import { simulate } from 'selvage/testing';
import { z } from 'zod';

const total = knot('total', ({ prices }: { prices: number[] }) =>
  prices.reduce((sum, price) => sum + price, 0),
);
const charge = knot('charge', async ({ amount }: { amount: number }, ctx): Promise<string> => {
  return await ctx.resources.bank.charge(amount, { key: ctx.idempotencyKey });
});
const invoice = tapestry('invoice', { parameters: { prices: z.array(z.number()) } }, (_t, { prices }) => {
  const amount = total({ prices }, { id: 'amount' });
  return { receipt: charge({ amount }, { id: 'charge' }) };
});

test('the sum is charged', async () => {
  const { values, outcomes } = await runLocally(
    invoice,
    { prices: [1, 2] },
    {
      replace: { charge: ({ amount }) => `receipt for ${amount}` },
    },
  );
  expect(values.receipt).toBe('receipt for 3');
  expect(outcomes['amount']).toEqual({ kind: 'ok', value: 3 });
});

test('it survives crashes', async () => {
  await simulate(invoice, { crash: 'everywhere', cancel: true });
});

/** Gives the same receipt to the same key, as the real one does. */
class TestBank {
  private readonly receipts = new Map<string, string>();

  async charge(amount: number, { key }: { key: string }): Promise<string> {
    const known = this.receipts.get(key);
    const receipt = known ?? `receipt ${this.receipts.size + 1} for ${amount}`;
    this.receipts.set(key, receipt);
    return receipt;
  }
}

test('nobody is charged twice', async () => {
  await simulate(invoice, { parameters: { prices: [1, 2] }, resources: () => ({ bank: new TestBank() }) });
});
