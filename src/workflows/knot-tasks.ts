import { workflowInfo } from '@temporalio/workflow';
import {
  FIELD_OVERHEAD_BYTES,
  INLINE_BYTES_PER_ACTIVITY,
  PARENTS_PER_ACTIVITY,
  packRanges,
  pathsOf,
  wantedOutside,
  type Envelope,
} from '../engine';
import { activityIdOf } from './activity-id';
import {
  mayReuse,
  type GivenBack,
  type KnotCall,
  type KnotTask,
  type SegmentTask,
  type Waited,
} from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';
import type { Slot } from './slot';

/** How the knots of a run stand, as far as their tasks tell it. */
export interface KnotsAtHand {
  value(knot: number): Slot | undefined;
  /** Whether a segment has given it back, to be run by an activity of its own. */
  isAlone(knot: number): boolean;
  isSettled(knot: number): boolean;
  /** Whether a lookup has found it. */
  isFound(knot: number): boolean;
}

/** A task, and how many bytes of values and ids it carries. */
export interface Sized<Task> {
  readonly task: Task;
  readonly bytes: number;
}

/** Makes what the activities of knots and segments are told, from the layout and from what has become of the knots so far. */
export class KnotTasks {
  /** Knots that a segment gave back, to go with a later one. */
  private readonly again = new Set<number>();
  /** What segments said of knots that they gave back. */
  private readonly givenBack: Map<number, GivenBack>;

  /** @param givenBack what segments of earlier executions said of knots that they gave back */
  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    private readonly knots: KnotsAtHand,
    givenBack: readonly (readonly [number, GivenBack])[] = [],
  ) {
    this.givenBack = new Map(givenBack);
  }

  /** What a segment says of a knot that it gives back, for its own activity. */
  noteGivenBack(knot: number, how: GivenBack): void {
    this.givenBack.set(knot, how);
  }

  /** Of a knot that a segment gives back, to go with a later one. */
  noteAgain(knot: number): void {
    this.again.add(knot);
  }

  /** What is to be told to the own activities of knots that have not ended, in a later execution. */
  get stillGivenBack(): readonly (readonly [number, GivenBack])[] {
    return [...this.givenBack].filter(([knot]) => !this.knots.isSettled(knot));
  }

  /** Of an activity for one knot, what is not in its task. */
  callOf(knot: number): KnotCall {
    const { layout } = this.plan;
    const { taskQueue, priority } = this.plan.policyOf(knot);
    const summary = layout.summaries.get(knot);
    return {
      type: layout.activityTypes[layout.definition[knot]!]!,
      id: activityIdOf(layout.ids[knot]!),
      ...(taskQueue && { taskQueue }),
      ...(summary && { summary }),
      ...(priority !== undefined && { priority }),
    };
  }

  /** @param waited what its wait came to, where it has waited */
  taskOf(knot: number, waited?: Waited): Sized<KnotTask> {
    const { plan, facts } = this;
    const { layout } = plan;
    const first = layout.parentStart[knot]!;
    const last = layout.parentStart[knot + 1]!;
    let bytes = 0;
    let parents: (Envelope | null)[] | undefined;
    if (last - first <= PARENTS_PER_ACTIVITY) {
      parents = [];
      for (let edge = first; edge < last; edge++) {
        const slot = this.knots.value(layout.parents[edge]!);
        if (!slot || bytes + slot.bytes > INLINE_BYTES_PER_ACTIVITY) {
          parents.push(null);
          bytes += 5;
        } else {
          parents.push(slot.envelope);
          bytes += slot.bytes;
        }
      }
    }
    const id = layout.ids[knot]!;
    const task: KnotTask = {
      plan: plan.packed,
      ...(activityIdOf(id) !== id && { knot: id }),
      ...(parents && { parents }),
      ...(plan.policyOf(knot).node === 'branch' && {
        paths: pathsOf(layout, knot).map((path) => plan.policyOf(path).path!),
      }),
      ...(facts.recordRun !== workflowInfo().runId && { run: facts.recordRun }),
      ...(this.refusesReuse(knot) && { reuse: false as const }),
      ...((this.knots.isAlone(knot) || this.hasResumedElements(knot)) && {
        givenBack: this.givenBack.get(knot) ?? {},
      }),
      ...(waited && { waited }),
    };
    return { task, bytes };
  }

  /** Of the activity that looks whether a body was recorded before its child run was lost. It carries no values. */
  lostTaskOf(knot: number): KnotTask {
    const id = this.plan.idOf(knot);
    return {
      plan: this.plan.packed,
      ...(activityIdOf(id) !== id && { knot: id }),
      run: this.facts.recordRun,
      lost: true,
    };
  }

  segmentTaskOf(members: readonly number[]): Sized<SegmentTask> {
    const { layout, packed: plan } = this.plan;
    const { recordRun } = this.facts;
    const isMember = new Set(members);
    const parents: Record<string, Envelope> = {};
    const paths: string[] = [];
    let parentBytes = 0;
    let idBytes = 0;
    for (const knot of members) {
      for (const path of pathsOf(layout, knot)) if (!isMember.has(path)) paths.push(layout.ids[path]!);
      idBytes += layout.ids[knot]!.length + 3;
      for (let edge = layout.parentStart[knot]!; edge < layout.parentStart[knot + 1]!; edge++) {
        const parent = layout.parents[edge]!;
        const id = layout.ids[parent]!;
        const slot = this.knots.value(parent);
        if (isMember.has(parent) || !slot || Object.hasOwn(parents, id)) continue;
        const cost = slot.bytes + id.length + FIELD_OVERHEAD_BYTES;
        if (parentBytes + cost > INLINE_BYTES_PER_ACTIVITY) continue;
        parents[id] = slot.envelope;
        parentBytes += cost;
      }
    }
    const task: SegmentTask = {
      plan,
      knots: members.map((knot) => layout.ids[knot]!),
      ...(paths.length > 0 && { paths }),
      wanted: packRanges(wantedOutside(layout, members)),
      parents,
      ...(this.mayBeRecorded(members) && { mayBeRecorded: true }),
      ...(members.some((knot) => this.refusesReuse(knot)) && { reuse: false as const }),
      ...(recordRun !== workflowInfo().runId && { run: recordRun }),
    };
    return { task, bytes: idBytes + parentBytes };
  }

  /** Whether its activity is to be told that nothing is taken from other runs. */
  private refusesReuse(knot: number): boolean {
    const { cache, map } = this.plan.policyOf(knot);
    return !mayReuse(this.facts.memo) && (cache ?? map?.cache) !== undefined;
  }

  /** Whether elements of it may have been taken over from another run. */
  private hasResumedElements(knot: number): boolean {
    return this.facts.memo.resume !== undefined && this.plan.policyOf(knot).map !== undefined;
  }

  /** Whether an attempt of another segment may have recorded, or may be about to record, one of the knots. */
  private mayBeRecorded(members: readonly number[]): boolean {
    const mayBe = (knot: number): boolean =>
      this.again.has(knot) || this.knots.isFound(knot) || this.hasResumedElements(knot);
    if (members.some(mayBe)) return true;
    // Which knots an earlier execution had out is not carried on: to ask for the records costs one query a segment.
    return this.facts.recordRun !== workflowInfo().runId;
  }
}
