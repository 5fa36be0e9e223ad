import { LRUCache } from 'lru-cache';
import { readPlanOf } from '../connection/read-run';
import type { LoadedPlan } from '../runtime';
import type { Backends, RunRecord } from '../ports';

/** Maximum number of cached knots. A plan of 10,000 knots takes some MiB. */
const KEPT_KNOTS = 100_000;

/** Recently used plans by hash: plans never change, and many runs share one. */
export class Plans {
  readonly #kept = new LRUCache<string, LoadedPlan>({
    maxSize: KEPT_KNOTS,
    sizeCalculation: ({ plan }) => plan.knots.length + 1,
  });

  constructor(private readonly backends: Backends) {}

  /** @throws SelvageError `InvalidPlan`, `BackendUnavailable` */
  async of(run: Pick<RunRecord, 'plan_hash' | 'run_id'>): Promise<LoadedPlan> {
    const kept = this.#kept.get(run.plan_hash);
    if (kept) return kept;
    const plan = await readPlanOf(this.backends, run);
    this.#kept.set(run.plan_hash, plan);
    return plan;
  }
}
