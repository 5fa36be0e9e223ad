import { workflowInfo } from '@temporalio/workflow';
import { childRunKnots, isExpanding, isNesting } from '../engine';
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
import { workflowTime } from './workflow-clock';

/** As `ChildRunsListener`, of knots by index. */
export interface ChildRunKnotsListener {
  away(knot: number): void;
  ended(knot: number, end: ChildEnd): void;
  lost(knot: number): void;
  cancelled(knot: number): void;
  checked(): void;
  fatal(error: unknown): void;
}

/** Which knots of a run go to child runs, and these child runs, by the knots' indexes in the layout. */
export class ChildRunKnots {
  private readonly knots = new Set<number>();
  private readonly indexes = new Map<string, number>();

  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    private readonly runs: ChildRuns,
  ) {}

  /** All that go to child runs, as far as is known: ever the same set. */
  get all(): ReadonlySet<number> {
    return this.knots;
  }

  /** Finds out which knots from `first` on go to child runs because there is no telling how long they take. */
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
   * @param carried knots that earlier executions sent to child runs, with the Temporal run ids of these
   * @param unheard what these said to the last one when it was about to end
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
    const { behaviour, limits, memo, recordRun } = this.facts;
    const policy = this.plan.policyOf(knot);
    this.runs.start({
      ...(isExpanding(policy) && { node: policy.node }),
      ...(policy.map && { map: policy.map }),
      behaviour,
      limits,
      knot: this.plan.idOf(knot),
      call,
      ...(isNesting(policy.node) && { memo: inherited(memo) }),
      task: {
        ...task,
        run: recordRun,
        runId: workflowInfo().workflowId,
        ...(isExpanding(policy) && { since: workflowTime() }),
      },
    });
  }

  /** Gives out what was said before anybody could take it. */
  deliver(): void {
    this.runs.deliver();
  }

  cancel(): void {
    this.runs.cancel();
  }

  /** What child runs say from now on is for the next execution. */
  close(): void {
    this.runs.close();
  }

  /** Nothing more is expected of the child run of this knot, if it has one. */
  forget(knot: number): void {
    if (this.knots.has(knot)) this.runs.forget(this.plan.idOf(knot));
  }

  /** How many knots are away. */
  get size(): number {
    return this.runs.size;
  }

  /** Knots that are away, with the Temporal run ids of their child runs. */
  get away(): readonly (readonly [knot: number, child: string])[] {
    return this.runs.away.map(([id, child]) => [this.indexes.get(id)!, child]);
  }

  /** What child runs have said since `close`; without values, which a later execution looks up by their records. */
  get unheard(): readonly ChildEnd[] {
    return this.runs.unheard.map((end) => (end.kind === 'ok' ? { ...end, envelope: null } : end));
  }
}

/** What the runs that a knot starts have from their parent. Its deadline is not among it: that ends them by a cancel, as it ends all knots. */
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
