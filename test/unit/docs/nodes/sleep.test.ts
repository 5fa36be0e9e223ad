import { knot, runLocally, sleep, tapestry } from 'selvage';

const order = knot('order', () => ({ number: 7 }));
const remind = knot(
  'remind',
  ({ order }: { order: { number: number } }) => `Order ${order.number} is unpaid.`,
);

const reminder = tapestry('reminder', () => {
  const placed = order({}, { id: 'order' });
  // Passes its input on by reference, a fortnight later.
  const later = sleep({ ms: 14 * 86_400_000, input: placed }, { id: 'a-fortnight' });
  return { reminder: remind({ order: later }, { id: 'reminder' }) };
});

test('in a unit test no time passes', async () => {
  const { values } = await runLocally(reminder, {});
  expect(values.reminder).toBe('Order 7 is unpaid.');
});
