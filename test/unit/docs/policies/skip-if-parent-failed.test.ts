import { knot, runLocally, tapestry } from 'selvage';

const fetchPrice = knot('fetch-price', (): number => {
  throw new Error('the shop does not answer');
});
const addTax = knot('add-tax', ({ price }: { price: number }) => price * 1.2);
const print = knot('print', ({ price }: { price: number }) => `${price} EUR`);

const label = tapestry('label', () => {
  const price = fetchPrice({}, { id: 'price' });
  const full = addTax({ price }, { id: 'full' });
  return { text: print({ price: full }, { id: 'text' }) };
});

test('what depends on a failure is skipped, all the way down', async () => {
  const { outcomes, succeeded } = await runLocally(label, {});
  expect(outcomes).toMatchObject({
    price: { kind: 'err', error: { message: 'the shop does not answer' } },
    full: {
      kind: 'skipped',
      reason: 'parent_failed_or_skipped',
      detail: { anyErr: true, parents: ['price'] },
    },
    text: { kind: 'skipped', detail: { anyErr: false, anySkipped: true, parents: ['full'] } },
  });
  expect(succeeded).toBe(false);
});
