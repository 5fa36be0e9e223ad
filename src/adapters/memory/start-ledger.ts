import type { ClaimResult, LedgerEntry, LedgerQuery, Page, StartClaim, StartLedger } from '../../ports';
import { newestFirst } from './newest-first';

/** A start ledger in this process's memory, for tests; in the next process, the same events start runs again. */
export class InMemoryStartLedger implements StartLedger {
  readonly technology = 'memory';
  /** In claim order. An entry that was forgotten leaves a gap. */
  readonly #entries: (LedgerEntry | undefined)[] = [];
  readonly #indexes = new Map<string, Map<string, number>>();

  async claim(claims: readonly StartClaim[]): Promise<ClaimResult[]> {
    const claimedAt = Date.now();
    return claims.map((claim) => {
      const earlier = this.#entry(claim.trigger, claim.key);
      if (earlier) return { inserted: false, entry: earlier };
      const { trigger, key, runId, requestHash, event } = claim;
      const entry = { trigger, key, runId, requestHash, event, claimedAt, startedAt: null };
      let ofTrigger = this.#indexes.get(trigger);
      if (ofTrigger === undefined) this.#indexes.set(trigger, (ofTrigger = new Map()));
      ofTrigger.set(key, this.#entries.push(entry) - 1);
      return { inserted: true, entry };
    });
  }

  async markStarted(keys: readonly Pick<StartClaim, 'trigger' | 'key'>[]): Promise<void> {
    const startedAt = Date.now();
    for (const { trigger, key } of keys) {
      const index = this.#indexes.get(trigger)?.get(key);
      const entry = index === undefined ? undefined : this.#entries[index];
      if (entry?.startedAt === null) this.#entries[index!] = { ...entry, startedAt };
    }
  }

  async find(trigger: string, key: string): Promise<LedgerEntry | undefined> {
    return this.#entry(trigger, key);
  }

  async list(query: LedgerQuery = {}): Promise<Page<LedgerEntry>> {
    return newestFirst(
      this.#entries,
      query,
      ({ claimedAt }) => claimedAt,
      ({ trigger, startedAt }) =>
        (query.trigger === undefined || trigger === query.trigger) &&
        (query.started === undefined || (startedAt !== null) === query.started),
    );
  }

  async forget(before: number): Promise<number> {
    let forgotten = 0;
    for (const [index, entry] of this.#entries.entries()) {
      if (!entry || entry.startedAt === null || entry.claimedAt >= before) continue;
      this.#entries[index] = undefined;
      this.#indexes.get(entry.trigger)!.delete(entry.key);
      forgotten += 1;
    }
    return forgotten;
  }

  async close(): Promise<void> {}

  #entry(trigger: string, key: string): LedgerEntry | undefined {
    const index = this.#indexes.get(trigger)?.get(key);
    return index === undefined ? undefined : this.#entries[index];
  }
}
