import type {
  Lease,
  LeaseAnswer,
  LeaseHolder,
  LeaseRequest,
  LeaseTable,
  TurnAnswer,
  TurnRequest,
} from '../../ports';

interface Place {
  token: string;
  holder: string;
  readonly since: number;
  expiresAt: number;
}

/** Leases in this process's memory, for tests and in-process runs; other processes do not see them. */
export class InMemoryLeaseTable implements LeaseTable {
  readonly technology = 'memory';
  /** The held places by lease key, then by owner, in the order of granting. */
  readonly #places = new Map<string, Map<string, Place>>();
  readonly #turns = new Map<string, number>();

  async acquire({ key, owner, token, holder, limit, ttl }: LeaseRequest): Promise<LeaseAnswer> {
    const now = performance.now();
    const places = this.#live(key, now);
    const own = places.get(owner);
    if (own) {
      Object.assign(own, { token, holder, expiresAt: now + ttl });
      return { granted: true };
    }
    if (places.size >= limit) {
      const firstEnd = Math.min(...[...places.values()].map(({ expiresAt }) => expiresAt));
      return { granted: false, holders: holdersOf(places, now), retryAfter: Math.ceil(firstEnd - now) };
    }
    places.set(owner, { token, holder, since: now, expiresAt: now + ttl });
    this.#places.set(key, places);
    return { granted: true };
  }

  async renew(leases: readonly Lease[], ttl: number): Promise<boolean[]> {
    const expiresAt = performance.now() + ttl;
    return leases.map((lease) => {
      const place = this.#placeOf(lease);
      if (place) place.expiresAt = expiresAt;
      return place !== undefined;
    });
  }

  async release(lease: Lease): Promise<void> {
    if (!this.#placeOf(lease)) return;
    const places = this.#places.get(lease.key)!;
    places.delete(lease.owner);
    if (places.size === 0) this.#places.delete(lease.key);
  }

  async holders(key: string): Promise<LeaseHolder[]> {
    const now = performance.now();
    return holdersOf(this.#live(key, now), now);
  }

  async takeTurn({ key, interval, within }: TurnRequest): Promise<TurnAnswer> {
    const now = performance.now();
    const at = Math.max(now, this.#turns.get(key) ?? 0);
    const wait = Math.ceil(at - now);
    if (wait > within) return { granted: false, wait };
    this.#turns.set(key, at + interval);
    return { granted: true, wait };
  }

  async close(): Promise<void> {}

  #placeOf({ key, owner, token }: Lease): Place | undefined {
    const place = this.#places.get(key)?.get(owner);
    return place?.token === token ? place : undefined;
  }

  #live(key: string, now: number): Map<string, Place> {
    const places = this.#places.get(key) ?? new Map<string, Place>();
    for (const [owner, { expiresAt }] of places) if (expiresAt <= now) places.delete(owner);
    if (places.size === 0) this.#places.delete(key);
    return places;
  }
}

function holdersOf(places: ReadonlyMap<string, Place>, now: number): LeaseHolder[] {
  return [...places].map(([owner, { holder, since }]) => ({
    owner,
    holder,
    heldFor: Math.round(now - since),
  }));
}
