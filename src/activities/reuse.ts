import { keepWithRows } from '../runtime/table-rows';
import type { Layout } from '../plan';
import {
  cacheKeyOf,
  reusedRecord,
  valueOfRecord,
  type Execution,
  type LoadedPlan,
  type RunLayout,
  type ValueIdentity,
} from '../runtime';
import type { LineageRecord } from '../ports';
import { recordsOf, type RecordSources } from './reset-runs';
import type { Uses } from './worker-parts';

export type ReuseParts = RecordSources &
  Uses<'cachedValues' | 'codeHashes' | 'commitRecords' | 'digest' | 'registry'>;

/** Values of Ok knots, by index in the layout. */
export type KnownValues = Map<number, ValueIdentity>;

export function reusesValues({ policies }: Layout): boolean {
  return policies.some(({ cache }) => cache !== undefined);
}

export interface ReuseOptions {
  readonly environment: ReuseParts;
  readonly plan: LoadedPlan;
  readonly graph: RunLayout;
  readonly execution: Execution;
  /** Knots outside of `known` may be on record, too. */
  readonly isUnderWay: boolean;
}

/**
 * Takes over values of other runs for knots with known inputs, and continues to the knots that found values make
 * decidable. The walk ends at branches, gates, and knots without `cache`. Returns when all found values are on record
 * in this run. The call is idempotent: a record of this run stands, whatever other runs have made since.
 *
 * @param known values of this run
 * @param from knots to begin with, by index in the layout; looks up unknown parents
 * @returns knots that were taken over, ascending
 * @throws SelvageError `BackendUnavailable`
 */
export async function reuse(
  options: ReuseOptions,
  known: KnownValues,
  from: Iterable<number>,
): Promise<number[]> {
  const walk = new ReuseWalk(options, known);
  if (!options.isUnderWay) {
    await walk.goFrom(from);
    return await walk.takeOver();
  }
  const begin = [...from];
  const recorded = await walk.recordedOf(begin);
  await walk.goFrom([...begin, ...walk.childrenOf(recorded)]);
  return [...recorded, ...(await walk.takeOver())].sort((a, b) => a - b);
}

class ReuseWalk {
  private readonly layout: Layout;
  /** Records of found values, by index of the knot that takes them. */
  private hits = new Map<number, LineageRecord>();
  /** Knots for which this run has recorded another outcome than a value. */
  private readonly closed = new Set<number>();

  constructor(
    private readonly options: ReuseOptions,
    private readonly known: KnownValues,
  ) {
    this.layout = options.graph.layout;
  }

  async goFrom(knots: Iterable<number>): Promise<void> {
    for (let level = await this.decidable(knots); level.length > 0;) {
      level = await this.decidable(this.childrenOf(await this.findLevel(level)));
    }
  }

  async recordedOf(knots: readonly number[]): Promise<number[]> {
    await this.learn(knots);
    return knots.filter((knot) => this.known.has(knot));
  }

  childrenOf(knots: readonly number[]): Set<number> {
    const { childStart, children } = this.layout;
    const found = new Set<number>();
    for (const knot of knots) {
      for (const child of children.subarray(childStart[knot], childStart[knot + 1])) found.add(child);
    }
    return found;
  }

  /** Records the found values, except those that no longer exist and values found because of those. */
  async takeOver(): Promise<number[]> {
    const taken = await this.withValues();
    if (taken.length === 0) return taken;
    const { environment, execution } = this.options;
    const { runHistory } = environment.backends;
    const ids = taken.map((knot) => this.layout.ids[knot]!);
    const standing = new Map(
      (await runHistory.getRecords(execution.temporalRunId, ids)).map((record) => [record.knot_id, record]),
    );
    const differs = taken.filter((_, position) => {
      const record = standing.get(ids[position]!);
      return record !== undefined && record.output_hash !== this.hits.get(taken[position]!)!.output_hash;
    });
    if (differs.length > 0) return await this.goAgain(taken, differs, standing);
    await environment.commitRecords(taken, (knot) => this.recordOf(knot));
    return taken;
  }

  /** Looks again below knots for which an earlier attempt recorded other values, because those records stand. */
  private async goAgain(
    taken: readonly number[],
    differs: readonly number[],
    standing: ReadonlyMap<string, LineageRecord>,
  ): Promise<number[]> {
    for (const knot of taken) this.known.delete(knot);
    const settled: number[] = [];
    for (const knot of differs) {
      const record = standing.get(this.layout.ids[knot]!)!;
      if (record.outcome === 'ok') {
        this.known.set(knot, valueOfRecord(record));
        settled.push(knot);
      } else {
        this.closed.add(knot);
      }
    }
    this.hits = new Map();
    await this.goFrom(taken);
    return [...settled, ...(await this.takeOver())].sort((a, b) => a - b);
  }

  private async findLevel(level: readonly number[]): Promise<number[]> {
    const { environment, plan, graph } = this.options;
    const { cachedValues, codeHashes, registry, digest } = environment;
    const questions = level.flatMap((index) => {
      const knot = graph.planKnots[index]!;
      const { name, version, codeHash } = plan.definitionOf(knot)!;
      const definition = knot.policy.cache?.codeHash
        ? registry.definition(plan.plan.tapestry, knot.id, name, version)
        : undefined;
      const body = { definition, codeHash: definition ? codeHashes.of(definition, knot.policy) : codeHash };
      const valueOf = (parent: number): ValueIdentity => this.known.get(graph.layoutIndex[parent]!)!;
      const key = cacheKeyOf(plan, knot, body, valueOf, digest);
      return key === undefined ? [] : [{ index, knot, key }];
    });
    const found = await cachedValues.findRecords(questions);
    const records = new Map(questions.map(({ index }, position) => [index, found[position]!.record]));
    return level.filter((knot) => {
      const record = records.get(knot);
      if (!record) return false;
      this.hits.set(knot, record);
      this.known.set(knot, valueOfRecord(record));
      return true;
    });
  }

  /** Keeps the knots that reuse values, are not known yet, and whose inputs are known. */
  private async decidable(knots: Iterable<number>): Promise<number[]> {
    const { policies, policy } = this.layout;
    const open = [...knots].filter(
      (knot) =>
        policies[policy[knot]!]!.cache !== undefined && !this.known.has(knot) && !this.closed.has(knot),
    );
    if (this.options.isUnderWay) await this.learn(open.flatMap((knot) => this.unknownParents(knot)));
    return open.filter((knot) => this.unknownParents(knot).length === 0);
  }

  private unknownParents(knot: number): number[] {
    const { parents, parentStart } = this.layout;
    return [...parents.subarray(parentStart[knot], parentStart[knot + 1])].filter(
      (parent) => !this.known.has(parent),
    );
  }

  private async learn(knots: readonly number[]): Promise<void> {
    if (knots.length === 0) return;
    const { environment, execution } = this.options;
    const unknown = [...new Set(knots)];
    const { runId, temporalRunId } = execution;
    const records = await recordsOf(
      environment,
      runId,
      temporalRunId,
      unknown.map((knot) => this.layout.ids[knot]!),
    );
    for (const knot of unknown) {
      const record = records.get(this.layout.ids[knot]!);
      if (record?.outcome === 'ok') this.known.set(knot, valueOfRecord(record));
    }
  }

  private async withValues(): Promise<number[]> {
    const { dataStore } = this.options.environment.backends;
    const hashes = new Set([...this.hits.values()].map((record) => record.output_hash!));
    if (hashes.size === 0) return [];
    const present = await keepWithRows(dataStore, [...hashes]);
    const { parents, parentStart } = this.layout;
    const isGone = new Set<number>();
    // Parents come before children in a layout.
    return [...this.hits.keys()]
      .sort((a, b) => a - b)
      .filter((knot) => {
        const ofGone = parents
          .subarray(parentStart[knot], parentStart[knot + 1])
          .some((parent) => isGone.has(parent));
        if (present.has(this.hits.get(knot)!.output_hash!) && !ofGone) return true;
        isGone.add(knot);
        this.known.delete(knot);
        return false;
      });
  }

  private recordOf(knot: number): LineageRecord {
    const { plan, graph, execution } = this.options;
    return reusedRecord(
      plan,
      graph.planKnots[knot]!,
      execution,
      this.hits.get(knot)!,
      (parent) => this.known.get(graph.layoutIndex[parent]!)!.hash,
    );
  }
}
