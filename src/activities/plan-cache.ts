import { SelvageError } from '../errors';
import { LoadedPlan, alignLayout, type RunLayout } from '../execution';
import { decodeLayout, encodeLayout, layoutOf, requireLoadable, type CompiledPlan } from '../engine';
import type { TapestryStore } from '../protocols';

const PLANS = 50;
const LAYOUTS = 50;

/** Plans and layout slices of the runs that this worker has to do with, read once from the tapestry store. */
export class PlanCache {
  private readonly plans = new Map<string, Promise<LoadedPlan>>();
  private readonly layouts = new Map<string, readonly string[]>();
  private readonly graphs = new Map<string, RunLayout>();

  constructor(private readonly store: TapestryStore) {}

  /** @throws SelvageError `InvalidPlan` if the store does not have it or it is damaged, `BackendUnavailable` */
  get(hash: string): Promise<LoadedPlan> {
    let plan = this.plans.get(hash);
    if (!plan) {
      plan = this.load(hash);
      remember(this.plans, hash, plan, PLANS);
      // A failure is not remembered: the next attempt asks again.
      plan.catch(() => this.plans.delete(hash));
    }
    return plan;
  }

  /** A plan that was made here, and is in the store. */
  add({ plan, hash }: CompiledPlan): void {
    if (!this.plans.has(hash)) remember(this.plans, hash, Promise.resolve(new LoadedPlan(plan, hash)), PLANS);
  }

  /**
   * @param since the plan that this one extends: only what comes behind its layout is answered
   * @throws SelvageError those of `get`, `UnknownTerminal`, `PlanTooLarge`
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
      remember(this.layouts, key, slices, LAYOUTS);
    }
    return slices;
  }

  /** The layout of a run, as its slices say it. Errors as of {@link layoutSlices}. */
  async layout(hash: string, terminals: readonly string[] | undefined): Promise<RunLayout> {
    const key = JSON.stringify([hash, terminals ?? null]);
    let graph = this.graphs.get(key);
    if (!graph) {
      const { plan } = await this.get(hash);
      graph = alignLayout(decodeLayout(await this.layoutSlices(hash, terminals)), plan);
      remember(this.graphs, key, graph, LAYOUTS);
    }
    return graph;
  }

  private async load(hash: string): Promise<LoadedPlan> {
    const stored = await this.store.get(hash);
    if (!stored) {
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

function remember<K, V>(map: Map<K, V>, key: K, value: V, limit: number): void {
  if (map.size >= limit) map.delete(map.keys().next().value as K);
  map.set(key, value);
}
