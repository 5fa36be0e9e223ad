import { childRunKnots, isExpanding, isNesting } from '../plan';
import { defined } from '../values';
import type { ChildRuns, ChildRunsListener } from './child-runs';
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

/** Elements of one activity, for a map that was to run in a segment and lost its worker: its bodies are small. */
const LOCAL_BATCH = 500;

/** The knots of a run that have child runs, by index in the layout. */
export class ChildRunKnots {
  private readonly knots = new Set<number>();
  private readonly indexes = new Map<string, number>();

  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    readonly runs: ChildRuns,
  ) {}

  /** All knots that are known to go to child runs; always the same set. */
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
   * `carried` are the knots of earlier executions with the Temporal run ids of their child runs; `unheard` are
   * messages that arrived while the last execution was ending.
   */
  open(
    listener: Omit<ChildRunsListener<number>, 'mayContinue'>,
    carried: readonly (readonly [number, string])[],
    unheard: readonly ChildEnd[],
  ): void {
    const indexOf = (id: string): number => this.indexes.get(id)!;
    this.runs.open(
      this.facts.limits,
      {
        ...listener,
        away: (id) => listener.away(indexOf(id)),
        ended: (id, end) => listener.ended(indexOf(id), end),
        lost: (id) => listener.lost(indexOf(id)),
        cancelled: (id) => listener.cancelled(indexOf(id)),
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

  forget(knot: number): void {
    if (this.knots.has(knot)) this.runs.forget(this.plan.idOf(knot));
  }

  get knotsAway(): readonly number[] {
    return this.away.map(([knot]) => knot);
  }

  get away(): readonly (readonly [knot: number, child: string])[] {
    return this.runs.away.map(([id, child]) => [this.indexes.get(id)!, child]);
  }

  /** Messages of child runs since `close`, without values: a later execution looks them up by record. */
  get unheard(): readonly ChildEnd[] {
    return this.runs.unheard.map((end) => (end.kind === 'ok' ? { ...end, envelope: null } : end));
  }
}

/** Child runs do not inherit the deadline: when the deadline passes, the parent cancels its knots. */
function inherited(memo: RunMemo): NonNullable<ChildTask['memo']> {
  const { actor, vcsCommit, inlineLimit, subject, limits } = memo;
  return {
    ...defined({ actor, vcsCommit, inlineLimit, subject, limits }),
    ...(!mayReuse(memo) && { reuse: false as const }),
  };
}
