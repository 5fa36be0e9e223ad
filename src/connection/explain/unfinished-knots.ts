import { activityIdOf } from '../../workflows/activity-id';
import { SEGMENT_ACTIVITY } from '../../workflows/messages';
import type { PendingActivity, RunFacts } from './facts';

const FINISHED_OK = 1;
const FINISHED_NOT_OK = 2;

/** Unfinished knots of a run, their activities, and how much each holds up, by W1 to W3 of `explain.ts`. */
export class UnfinishedKnots {
  readonly indexes: number[] = [];
  /** States by the index of the knot; 0 for an unfinished knot. */
  private readonly states: Uint8Array;
  private readonly own = new Map<string, PendingActivity>();
  private readonly segmentActivities: PendingActivity[] = [];
  private readonly segments = new Map<number, PendingActivity>();

  constructor(private readonly facts: RunFacts) {
    const { layout, activities } = facts;
    this.states = new Uint8Array(layout.size);
    for (const activity of activities) {
      if (activity.type === SEGMENT_ACTIVITY) this.segmentActivities.push(activity);
      else this.own.set(activity.id, activity);
    }
    for (let index = 0; index < layout.size; index++) {
      this.states[index] = this.finished(index);
      if (this.states[index] === 0) this.indexes.push(index);
    }
    this.findSegments();
  }

  activityOf(index: number): PendingActivity | undefined {
    return this.own.get(activityIdOf(this.facts.layout.ids[index]!));
  }

  segmentOf(index: number): PendingActivity | undefined {
    return this.segments.get(index);
  }

  unfinishedParents(index: number): number[] {
    return [...this.parentsOf(index)].filter((parent) => this.states[parent] === 0);
  }

  /** By the index of a knot, roughly the number of unfinished knots that cannot go on without it. */
  weights(): Float64Array {
    const weights = new Float64Array(this.facts.layout.size);
    for (const index of [...this.indexes].reverse()) {
      for (const parent of this.unfinishedParents(index)) {
        // A knot that is reached on several ways counts several times, at most as often as there are knots.
        weights[parent] = Math.min(this.indexes.length, weights[parent]! + weights[index]! + 1);
      }
    }
    return weights;
  }

  private finished(index: number): number {
    const { layout, outcomes, outcomesBefore } = this.facts;
    if (index < layout.parameterCount) return FINISHED_OK;
    const id = layout.ids[index]!;
    const isOk = outcomes.get(id);
    if (isOk !== undefined) return isOk ? FINISHED_OK : FINISHED_NOT_OK;
    if (this.own.has(activityIdOf(id)) || this.unfinishedParents(index).length > 0) return 0;
    const wasOk = outcomesBefore?.get(id);
    if (wasOk !== undefined) return wasOk ? FINISHED_OK : FINISHED_NOT_OK;
    // A knot that receives outcomes runs anyway; any other knot is settled by its parents.
    const { errorPolicy } = layout.policies[layout.policy[index]!]!;
    return errorPolicy !== 'receiveErrors' &&
      this.parentsOf(index).some((parent) => this.states[parent] === FINISHED_NOT_OK)
      ? FINISHED_NOT_OK
      : 0;
  }

  private parentsOf(index: number): Uint32Array {
    const { parents, parentStart } = this.facts.layout;
    return parents.subarray(parentStart[index], parentStart[index + 1]);
  }

  private findSegments(): void {
    const { layout, segments } = this.facts;
    const [first] = this.segmentActivities;
    if (!first) return;
    const byFirstKnot = new Map(
      this.segmentActivities.map((activity) => [activity.id.split(':').slice(2).join(':'), activity]),
    );
    if (segments) {
      const members = new Map(segments.flatMap((ids) => ids.map((id) => [id, ids[0]!] as const)));
      for (const index of this.indexes) {
        const firstKnot = members.get(layout.ids[index]!);
        if (firstKnot !== undefined) this.segments.set(index, byFirstKnot.get(firstKnot) ?? first);
      }
      return;
    }
    for (const index of this.indexes) {
      const isLocal = layout.policies[layout.policy[index]!]!.local === true;
      const id = layout.ids[index]!;
      const parents = this.unfinishedParents(index);
      if (!isLocal || this.own.has(activityIdOf(id)) || !parents.every((parent) => this.segments.has(parent)))
        continue;
      const [parent] = parents;
      const inherited = parent === undefined ? undefined : this.segments.get(parent);
      this.segments.set(index, byFirstKnot.get(id) ?? inherited ?? first);
    }
  }
}
