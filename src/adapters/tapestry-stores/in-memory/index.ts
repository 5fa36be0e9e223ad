import type { Page, PageOptions, StoredPlan, TapestryStore } from '../../../protocols';
import { newestFirst } from '../../shared/newest-first';

/** Plans in this process's memory, for tests and in-process runs: gone when the process ends. */
export class InMemoryTapestryStore implements TapestryStore {
  readonly technology = 'memory';
  readonly #plans = new Map<string, StoredPlan>();

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

  async close(): Promise<void> {}
}
