import { childRunKnots, isExpanding, isNesting } from '../plan';
import type { ChildRuns } from './child-runs';
import {
  mayReuse,
  type ChildEnd,
  type ChildTask,
  type KnotCall,
  type KnotTask,
  type RunMemo,
} from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';

/** Elements of one activity, where a map was to run in a segment and its worker was lost: its bodies are small. */
const LOCAL_BATCH = 500;

/** Like `ChildRunsListener`, with knots by index. */
export interface ChildRunKnotsListener {
  away(knot: number): void;
  ended(knot: number, end: ChildEnd): void;
  lost(knot: number): void;
  cancelled(knot: number): void;
  checked(): void;
  fatal(error: unknown): void;
}

/** Which knots of a run have child runs, and these child runs, by the knots' indexes in the layout. */
export class ChildRunKnots {
  private readonly knots = new Set<number>();
  private readonly indexes = new Map<string, number>();

  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    private readonly runs: ChildRuns,
  ) {}

  /** All knots known to go to child runs; always the same set. */
  get all(): ReadonlySet<number> {
    return this.knots;
  }

  /** Finds the knots from `first` on that go to child runs because their duration is unknown. */
  find(first: number): void {
    const { childRunsFromEvents } = this.facts.limits;
    for (const knot of childRunKnots(this.plan.layout, childRunsFromEvents))
      if (knot >= first) this.add(knot);
  }

  add(knot: number): void {
    this.knots.add(knot);
    this.indexes.set(this.plan.idOf(knot), knot);
  }

  /**
   * @param carried knots that earlier executions sent to child runs, with the Temporal run ids of those
   * @param unheard messages that arrived when the last execution was about to end
   */
  open(
    listener: ChildRunKnotsListener,
    carried: readonly (readonly [number, string])[],
    unheard: readonly ChildEnd[],
  ): void {
    const indexOf = (id: string): number => this.indexes.get(id)!;
    this.runs.open(
      this.facts.limits,
      {
        away: (id) => listener.away(indexOf(id)),
        ended: (id, end) => listener.ended(indexOf(id), end),
        lost: (id) => listener.lost(indexOf(id)),
        cancelled: (id) => listener.cancelled(indexOf(id)),
        checked: () => listener.checked(),
        fatal: (error) => listener.fatal(error),
        mayContinue: (id) => isExpanding(this.plan.policyOf(indexOf(id))),
      },
      carried.map(([knot, child]) => [this.plan.idOf(knot), child]),
      unheard,
    );
  }

  start(knot: number, task: KnotTask, call: KnotCall): void {
    const { world, behaviour, limits, memo, temporalRunId } = this.facts;
    const policy = this.plan.policyOf(knot);
    this.runs.start({
      ...(isExpanding(policy) && { node: policy.node }),
      ...(policy.map && { map: policy.local ? { ...policy.map, batch: LOCAL_BATCH } : policy.map }),
      behaviour,
      limits,
      knot: this.plan.idOf(knot),
      call,
      ...(isNesting(policy.node) && { memo: inherited(memo) }),
      task: {
        ...task,
        temporalRunId,
        runId: world.facts().workflowId,
        ...(isExpanding(policy) && { since: world.now() }),
      },
    });
  }

  /** Delivers messages that arrived before there was a listener. */
  deliver(): void {
    this.runs.deliver();
  }

  cancel(): void {
    this.runs.cancel();
  }

  /** Keeps further messages of child runs for the next execution. */
  close(): void {
    this.runs.close();
  }

  /** Ignores the child run of this knot from now on, if it has one. */
  forget(knot: number): void {
    if (this.knots.has(knot)) this.runs.forget(this.plan.idOf(knot));
  }

  /** Number of knots in child runs. */
  get size(): number {
    return this.runs.size;
  }

  /** The knots whose child runs have not ended. */
  get knotsAway(): readonly number[] {
    return this.away.map(([knot]) => knot);
  }

  /** Knots in child runs, with the Temporal run ids of those. */
  get away(): readonly (readonly [knot: number, child: string])[] {
    return this.runs.away.map(([id, child]) => [this.indexes.get(id)!, child]);
  }

  /** Messages of child runs since `close`, without values, which a later execution looks up by record. */
  get unheard(): readonly ChildEnd[] {
    return this.runs.unheard.map((end) => (end.kind === 'ok' ? { ...end, envelope: null } : end));
  }
}

/**
 * Facts that child runs inherit from their parent. Not the deadline: the parent ends its knots by a cancel
 * when it passes.
 */
function inherited(memo: RunMemo): NonNullable<ChildTask['memo']> {
  const { actor, vcsCommit, inlineLimit, subject, limits } = memo;
  return {
    ...(actor !== undefined && { actor }),
    ...(vcsCommit !== undefined && { vcsCommit }),
    ...(inlineLimit !== undefined && { inlineLimit }),
    ...(subject !== undefined && { subject }),
    ...(limits && { limits }),
    ...(!mayReuse(memo) && { reuse: false as const }),
  };
}
