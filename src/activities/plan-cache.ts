import { LRUCache } from 'lru-cache';
import { canonicalJson, type Json } from '../values';
import { SelvageError } from '../errors';
import { LoadedPlan, alignLayout, type RunLayout } from '../runtime';
import { decodeLayout, encodeLayout, layoutOf, requireLoadable, type CompiledPlan } from '../plan';
import type { TapestryStore } from '../ports';

const PLANS = 50;
const LAYOUTS = 50;

export class PlanCache {
  private readonly plans = new LRUCache<string, Promise<LoadedPlan>>({ max: PLANS });
  private readonly layouts = new LRUCache<string, readonly string[]>({ max: LAYOUTS });
  private readonly graphs = new LRUCache<string, RunLayout>({ max: LAYOUTS });

  /** @param registered plans of this worker, which the store may have lost */
  constructor(
    private readonly store: TapestryStore,
    private readonly registered: () => Iterable<readonly [string, CompiledPlan]> = () => [],
  ) {}

  /** @throws SelvageError `InvalidPlan` if the store lacks it or it is damaged, `BackendUnavailable` */
  get(hash: string): Promise<LoadedPlan> {
    let plan = this.plans.get(hash);
    if (!plan) {
      plan = this.load(hash);
      this.plans.set(hash, plan);
      // Failed reads are not cached, so that the next attempt reads again.
      plan.catch(() => this.plans.delete(hash));
    }
    return plan;
  }

  add({ plan, hash }: CompiledPlan): void {
    if (!this.plans.has(hash)) this.plans.set(hash, Promise.resolve(new LoadedPlan(plan, hash)));
  }

  /** Puts a plan back into the store, which may have lost it. Errors as for {@link get}. */
  async keep(hash: string): Promise<void> {
    const { plan } = await this.get(hash);
    const text = canonicalJson(plan as unknown as Json);
    await this.store.save({ hash, tapestry: plan.tapestry, text, savedAt: Date.now() });
  }

  /**
   * @param since the plan that this one extends: returns only the layout's addition
   * @throws SelvageError as `get`; `UnknownTerminal`, `PlanTooLarge`
   */
  async layoutSlices(
    hash: string,
    terminals: readonly string[] | undefined,
    since?: string,
  ): Promise<readonly string[]> {
    const key = JSON.stringify([hash, terminals ?? null, since ?? null]);
    let slices = this.layouts.get(key);
    if (!slices) {
      const { plan } = await this.get(hash);
      const layout = layoutOf(plan, terminals);
      slices = encodeLayout(layout);
      requireLoadable(layout, slices);
      if (since !== undefined) {
        const { plan: before } = await this.get(since);
        slices = encodeLayout(layout, layoutOf(before, terminals));
      }
      this.layouts.set(key, slices);
    }
    return slices;
  }

  async layout(hash: string, terminals: readonly string[] | undefined): Promise<RunLayout> {
    const key = JSON.stringify([hash, terminals ?? null]);
    let graph = this.graphs.get(key);
    if (!graph) {
      const { plan } = await this.get(hash);
      graph = alignLayout(decodeLayout(await this.layoutSlices(hash, terminals)), plan);
      this.graphs.set(key, graph);
    }
    return graph;
  }

  private async load(hash: string): Promise<LoadedPlan> {
    const stored = await this.store.get(hash);
    if (!stored) {
      for (const [, { plan, hash: own }] of this.registered())
        if (own === hash) return new LoadedPlan(plan, hash);
      throw new SelvageError(
        'InvalidPlan',
        `Plan ${hash} is not in the tapestry store (${this.store.technology}). This worker looks at another store than ` +
          'the client that started the run: compare their SELVAGE_STORE (`selvage doctor` shows it).',
        { details: { plan: hash } },
      );
    }
    return LoadedPlan.parse(stored.text, hash);
  }
}
