import { TemporalFailure, proxyActivities } from '@temporalio/workflow';
import { unpackEnds, type MemberOutcome } from '../engine';
import { activityIdOf } from './activity-id';
import type { CommandBudget } from './command-budget';
import type { KnotTasks } from './knot-tasks';
import { activityOptions } from './knot-activity';
import {
  SEGMENT_ACTIVITY,
  type BegunSegment,
  type KnotFailure,
  type SegmentAnswer,
  type SegmentTask,
} from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';
import { slotOf, type Slot } from './slot';

/** Of an id in a summary, which has 400 bytes in all. */
const ID_IN_SUMMARY = 80;
/** With the longest of ids, the answer to a query must still fit in a message. */
const LISTED_MEMBERS = 6_000;

/** What came of a segment. Members without an outcome go with a later one, or, of `alone`, by activities of their own. */
export interface SegmentEnd {
  readonly outcomes: ReadonlyMap<number, MemberOutcome<Slot>>;
  readonly alone: readonly number[];
  readonly failures: readonly KnotFailure[];
}

export interface SegmentsListener {
  /** Comes once for each segment that was taken. */
  ended(members: readonly number[], end: SegmentEnd): void;
  /** Whether an activity that ended so would not have, or not yet, without the cancel. */
  isCancelled(error: unknown): boolean;
  /** Whether a lookup has found the knot. */
  isFound(knot: number): boolean;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
}

/** The segments of this execution that are under way: each is one activity for all its members. */
export class Segments {
  /** By their first knot. */
  private readonly underWay = new Map<number, readonly number[]>();
  private scheduled = 0;
  /** The first segment, until it is sent out, where the run's first step has begun it. */
  private begun: BegunSegment | undefined;

  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    private readonly tasks: KnotTasks,
    private readonly budget: CommandBudget,
    private readonly listener: SegmentsListener,
  ) {}

  get size(): number {
    return this.underWay.size;
  }

  /** The members of each. */
  get all(): readonly (readonly number[])[] {
    return [...this.underWay.values()];
  }

  /** The ids of the members of each, as far as they fit in an answer to a query. */
  list(): string[][] {
    const segments: string[][] = [];
    let listed = 0;
    for (const members of this.underWay.values()) {
      listed += members.length;
      if (listed > LISTED_MEMBERS) break;
      segments.push(members.map((knot) => this.plan.idOf(knot)));
    }
    return segments;
  }

  /** Before any is taken: the first one was begun by the run's first step. */
  takeUp(begun: BegunSegment | undefined): void {
    this.begun = begun;
  }

  /** Sends the segment out if this workflow task can carry it. */
  take(members: readonly number[]): boolean {
    const { begun } = this;
    if (begun && begun.size !== members.length)
      throw new Error(`A segment of ${begun.size} knots was begun, not one of ${members.length}.`);
    if (begun?.answer) {
      this.begun = undefined;
      this.takeAnswer(members, begun.answer);
      return true;
    }
    if (!begun && members.every((knot) => this.listener.isFound(knot))) {
      this.takeFound(members);
      return true;
    }
    const { task, bytes } = this.tasks.segmentTaskOf(members);
    if (!this.budget.take(bytes)) return false;
    this.begun = undefined;
    this.schedule(members, {
      ...task,
      ...(begun && { mayBeRecorded: true }),
      ...(begun?.lost && { lost: true }),
    });
    return true;
  }

  /** Nothing more is expected of those under way: they end here without an outcome. */
  giveUp(): void {
    for (const members of this.all) this.end(members, new Map());
  }

  /** As if its activity had ended at once. */
  private takeAnswer(members: readonly number[], answer: SegmentAnswer): void {
    this.underWay.set(members[0]!, members);
    // Not in the middle of what sends it out.
    void Promise.resolve().then(() => this.settle(members, answer));
  }

  /** Likewise of a segment of which nothing is left to do. */
  private takeFound(members: readonly number[]): void {
    this.underWay.set(members[0]!, members);
    const outcomes = new Map(members.map((knot) => [knot, { kind: 'ok', value: null } as const]));
    void Promise.resolve().then(() => this.end(members, outcomes));
  }

  private schedule(members: readonly number[], task: SegmentTask): void {
    this.scheduled += 1;
    const activities = proxyActivities<Record<string, (task: SegmentTask) => Promise<SegmentAnswer>>>({
      activityId: activityIdOf(`${SEGMENT_ACTIVITY}:${this.scheduled}:${task.knots[0]!}`),
      summary: summaryOf(task.knots),
      ...activityOptions(this.facts.limits),
    });
    this.underWay.set(members[0]!, members);
    activities[SEGMENT_ACTIVITY]!(task).then(
      (answer) => this.settle(members, answer),
      (error: unknown) => {
        if (this.listener.isCancelled(error)) {
          this.end(members, new Map());
        } else if (error instanceof TemporalFailure) {
          // Ended by the server: what it has come to is found by the knots' own activities.
          this.end(members, new Map(), members);
        } else {
          this.listener.fatal(error);
        }
      },
    );
  }

  private settle(members: readonly number[], answer: SegmentAnswer): void {
    try {
      const outcomes = new Map<number, MemberOutcome<Slot>>();
      const alone: number[] = [];
      unpackEnds(answer.ends, members.length).forEach((end, position) => {
        const knot = members[position]!;
        const id = this.plan.idOf(knot);
        if (end === 'ok') {
          const envelope = answer.values[id];
          const choice = answer.choices?.[id];
          const value = envelope ? slotOf(envelope) : null;
          outcomes.set(knot, { kind: 'ok', value, ...(choice !== undefined && { choice }) });
        } else if (answer.skipped?.[id] !== undefined) {
          outcomes.set(knot, { kind: 'skipped', reason: answer.skipped[id] });
        } else if (end === 'err') {
          outcomes.set(knot, { kind: 'err' });
        } else if (end === 'alone') {
          alone.push(knot);
          const how = answer.givenBack?.[id];
          if (how) this.tasks.noteGivenBack(knot, how);
        } else {
          this.tasks.noteAgain(knot);
        }
      });
      this.end(members, outcomes, alone, answer.failures);
    } catch (error) {
      this.listener.fatal(error);
    }
  }

  private end(
    members: readonly number[],
    outcomes: SegmentEnd['outcomes'],
    alone: readonly number[] = [],
    failures: readonly KnotFailure[] = [],
  ): void {
    const segment = members[0]!;
    // One whose grace was over is settled already when its activity ends at last.
    if (this.underWay.get(segment) !== members) return;
    try {
      this.underWay.delete(segment);
      this.listener.ended(members, { outcomes, alone, failures });
    } catch (error) {
      this.listener.fatal(error);
    }
  }
}

function summaryOf(ids: readonly string[]): string {
  const [first] = ids as [string];
  if (ids.length === 1) return `1 knot: ${first.slice(0, ID_IN_SUMMARY)}`;
  const named = [first, ids.at(-1)!].map((id) => id.slice(0, ID_IN_SUMMARY));
  return `${ids.length} knots: ${named.join(ids.length === 2 ? ', ' : ' … ')}`;
}
