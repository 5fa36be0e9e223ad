import type { Offer, SubscribeOptions } from '..';

const PAGE = 100;

/**
 * Implements `subscribe`: yields first all existing offers, then new ones.
 *
 * @param page offers after a number, at most `limit`
 * @param news resolves when it is time to look again, or the signal is aborted
 */
export async function* subscription(
  page: (after: number, limit: number) => Promise<Offer[]>,
  news: (signal: AbortSignal) => Promise<void>,
  { after = 0, signal }: SubscribeOptions,
): AsyncGenerator<Offer, void, void> {
  let last = after;
  while (!signal.aborted) {
    const offers = await page(last, PAGE);
    for (const offer of offers) {
      if (signal.aborted) return;
      last = offer.number;
      yield offer;
    }
    if (offers.length === 0) await news(signal);
  }
}
