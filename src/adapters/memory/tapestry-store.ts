import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type {
  Offer,
  Page,
  PageOptions,
  StoredPlan,
  SubscribableTapestryStore,
  SubscribeOptions,
} from '../../ports';
import { newestFirst } from './newest-first';
import { subscription } from '../../ports/parts/subscription';

/** Plans in this process's memory, for tests and in-process runs. */
export class InMemoryTapestryStore implements SubscribableTapestryStore {
  readonly technology = 'memory';
  readonly #identity = randomUUID();
  readonly #plans = new Map<string, StoredPlan>();
  readonly #offers: Offer[] = [];
  readonly #news = new EventEmitter().setMaxListeners(0);

  async save(plan: StoredPlan): Promise<void> {
    if (!this.#plans.has(plan.hash)) this.#plans.set(plan.hash, plan);
  }

  async get(hash: string): Promise<StoredPlan | undefined> {
    return this.#plans.get(hash);
  }

  async list(query: PageOptions & { tapestry?: string } = {}): Promise<Page<StoredPlan>> {
    return newestFirst(
      [...this.#plans.values()],
      query,
      (plan) => plan.savedAt,
      (plan) => query.tapestry === undefined || plan.tapestry === query.tapestry,
    );
  }

  async offer(offer: Omit<Offer, 'number'>): Promise<number> {
    const number = this.#offers.push({ number: this.#offers.length + 1, ...offer });
    this.#news.emit('offer');
    return number;
  }

  async offers(runId: string, after = 0, limit = 100): Promise<Offer[]> {
    return this.#offers
      .slice(after)
      .filter((offer) => offer.runId === runId)
      .slice(0, limit);
  }

  subscribe(runId: string, options: SubscribeOptions): AsyncIterable<Offer> {
    return subscription(
      (after, limit) => this.offers(runId, after, limit),
      (signal) => this.#nextOffer(signal),
      options,
    );
  }

  async identity(): Promise<string> {
    return this.#identity;
  }

  async close(): Promise<void> {}

  /** The caller awaits nothing between its look and this call, so no offer is missed. */
  async #nextOffer(signal: AbortSignal): Promise<void> {
    await once(this.#news, 'offer', { signal }).catch(() => undefined);
  }
}
