import {
  FIELD_OVERHEAD_BYTES,
  packRanges,
  pathsOf,
  wantedOutside,
  type Envelope,
  type Waited,
} from '../scheduler';
import { INLINE_BYTES_PER_ACTIVITY, PARENTS_PER_ACTIVITY } from '../plan';
import { activityIdOf } from './activity-id';
import { plainMarkdown } from './markdown';
import { mayReuse, type HandedBack, type KnotCall, type KnotTask, type SegmentTask } from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';
import type { Slot } from './slot';

export interface KnotsAtHand {
  value(knot: number): Slot | undefined;
  /** Whether a segment handed the knot back, to run as an activity of its own. */
  isAlone(knot: number): boolean;
  isSettled(knot: number): boolean;
  isFound(knot: number): boolean;
}

/** A task with the bytes of its values and ids. */
export interface Sized<Task> {
  readonly task: Task;
  readonly bytes: number;
}

/** Makes the inputs of activities from the layout and the outcomes so far. */
export class KnotTasks {
  /** Knots that segments handed back, to join a later one. */
  private readonly again = new Set<number>();
  private readonly handedBack: Map<number, HandedBack>;

  constructor(
    private readonly facts: Pick<RunFacts, 'isContinued' | 'memo' | 'temporalRunId'>,
    private readonly plan: PresentPlan,
    private readonly knots: KnotsAtHand,
    handedBack: readonly (readonly [number, HandedBack])[] = [],
  ) {
    this.handedBack = new Map(handedBack);
  }

  noteHandedBack(knot: number, how: HandedBack): void {
    this.handedBack.set(knot, how);
  }

  noteAgain(knot: number): void {
    this.again.add(knot);
  }

  /** Segments' reports, for later executions, about knots that have not ended. */
  get stillHandedBack(): readonly (readonly [number, HandedBack])[] {
    return [...this.handedBack].filter(([knot]) => !this.knots.isSettled(knot));
  }

  callOf(knot: number): KnotCall {
    const { layout } = this.plan;
    const { taskQueue, priority } = this.plan.policyOf(knot);
    const summary = layout.summaries.get(knot);
    return {
      type: layout.activityTypes[layout.definition[knot]!]!,
      id: activityIdOf(layout.ids[knot]!),
      ...(taskQueue && { taskQueue }),
      ...(summary && { summary: plainMarkdown(summary) }),
      ...(priority !== undefined && { priority }),
    };
  }

  /** `waited` tells how the knot's wait ended, if it has waited. */
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
      ...(facts.isContinued && { temporalRunId: facts.temporalRunId }),
      ...(this.refusesReuse(knot) && { reuse: false as const }),
      ...((this.knots.isAlone(knot) || this.hasResumedElements(knot) || this.handedBack.has(knot)) && {
        handedBack: this.handedBack.get(knot) ?? {},
      }),
      ...(waited && { waited }),
    };
    return { task, bytes };
  }

  /** The task of an activity that looks for an outcome on record after the child run was lost. Has no values. */
  lostTaskOf(knot: number): KnotTask {
    const id = this.plan.idOf(knot);
    return {
      plan: this.plan.packed,
      ...(activityIdOf(id) !== id && { knot: id }),
      temporalRunId: this.facts.temporalRunId,
      lost: true,
    };
  }

  segmentTaskOf(members: readonly number[]): Sized<SegmentTask> {
    const { layout, packed: plan } = this.plan;
    const { isContinued, temporalRunId } = this.facts;
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
      ...(isContinued && { temporalRunId }),
    };
    return { task, bytes: idBytes + parentBytes };
  }

  private refusesReuse(knot: number): boolean {
    const { cache, map } = this.plan.policyOf(knot);
    return !mayReuse(this.facts.memo) && (cache ?? map?.cache) !== undefined;
  }

  /** Some elements of a map may have been taken over from another run. */
  private hasResumedElements(knot: number): boolean {
    return this.facts.memo.resume !== undefined && this.plan.policyOf(knot).map !== undefined;
  }

  /** Another segment's attempt may have recorded one of the knots, or be about to. */
  private mayBeRecorded(members: readonly number[]): boolean {
    const mayBe = (knot: number): boolean =>
      this.again.has(knot) || this.knots.isFound(knot) || this.hasResumedElements(knot);
    if (members.some(mayBe)) return true;
    // Dispatches of earlier executions are not known here. Asking for records costs a query per segment.
    return this.facts.isContinued;
  }
}
