import { knot, Knot, optional, Optional, runLocally, tapestry, type Outcome } from 'selvage';
import { z } from 'zod';

const fetchPrice = knot('fetch-price', async ({ shop }: { shop: string }): Promise<number> => {
  if (shop === 'closed') throw new Error(`the shop "${shop}" does not answer`);
  return shop.length;
});

// Takes what became of its parents, not their values.
const cheapest = knot(
  'cheapest',
  { receives: 'outcomes' },
  ({ here, there }: { here: Outcome<number>; there: Outcome<number> }) => {
    const prices = [here, there].flatMap((outcome) => (outcome.kind === 'ok' ? [outcome.value] : []));
    return { price: Math.min(...prices), offers: prices.length };
  },
);

// A run can do without it.
const describe = optional(
  knot('describe', ({ price }: { price: number }) => {
    if (price > 5) throw new Error('no words');
    return 'cheap';
  }),
);

// The same for a class.
class Translate extends Optional(Knot)<{ text: string }, string> {
  static readonly knotName = 'translate';

  process({ text }: { text: string }): string {
    return text.toUpperCase();
  }
}

const priceOf = knot('price-of', ({ offer }: { offer: { price: number } }) => offer.price);
const publish = knot('publish', ({ prices }: { prices: number[] }) => prices.length);
const both = knot('both', ({ here, there }: { here: number; there: number }) => [here, there]);

const offers = tapestry('offers', { parameters: { shop: z.string() } }, (_t, { shop }) => {
  const here = fetchPrice({ shop }, { id: 'here' });
  const there = fetchPrice({ shop: 'corner' }, { id: 'there' });
  const offer = cheapest({ here, there }, { id: 'offer' });
  const price = priceOf({ offer }, { id: 'price' });
  const text = describe({ price }, { id: 'text' });
  Translate.place({ text }, { id: 'translated' });
  // An error of its own, where skipping would be too quiet.
  const prices = both({ here, there }, { id: 'prices', errorPolicy: 'requireAllParents' });
  publish({ prices }, { id: 'published' });
  return { offer, text };
});

test('all shops are open', async () => {
  const { succeeded, values, outcomes } = await runLocally(offers, { shop: 'open' });
  expect(values).toEqual({ offer: { price: 4, offers: 2 }, text: 'cheap' });
  expect(outcomes['published']).toEqual({ kind: 'ok', value: 2 });
  expect(succeeded).toBe(true);
});

test('one is closed', async () => {
  const { succeeded, values, outcomes } = await runLocally(offers, { shop: 'closed' });
  // The failure was received, and the rest went on; `text` is optional and failed.
  expect(values).toEqual({ offer: { price: 6, offers: 1 } });
  expect(outcomes).toMatchObject({
    here: { kind: 'err', error: { message: 'the shop "closed" does not answer' } },
    text: { kind: 'err', error: { message: 'no words' } },
    translated: { kind: 'skipped', reason: 'parent_failed_or_skipped', detail: { anyErr: false } },
    prices: { kind: 'err', error: { type: 'RequireAllParents' } },
    published: { kind: 'skipped', detail: { anyErr: true, parents: ['prices'] } },
  });
  // Not for the sake of `text`, but of `here` and `prices`.
  expect(succeeded).toBe(false);
});
