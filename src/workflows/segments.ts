import { TemporalFailure } from '@temporalio/common';
import { unpackEnds, type MemberOutcome } from '../scheduler';
import { activityIdOf } from './activity-id';
import type { CommandBudget } from './command-budget';
import type { KnotTasks } from './knot-tasks';
import { scheduleKnot } from './knot-activity';
import { plainMarkdown } from './markdown';
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

/** A summary may have 400 bytes in all. */
const ID_IN_SUMMARY = 80;
/** Number of ids that fit in the answer to a query, even if all have the greatest length. */
const LISTED_MEMBERS = 6_000;

/** Members without an outcome join a later segment or, if in `alone`, run as activities of their own. */
interface SegmentOutcomes {
  readonly outcomes: ReadonlyMap<number, MemberOutcome<Slot>>;
  readonly alone: readonly number[];
}

export interface SegmentEnd extends SegmentOutcomes {
  readonly failures: readonly KnotFailure[];
}

export interface SegmentsListener {
  /** A segment has ended: called once for each segment taken. */
  ended(members: readonly number[], end: SegmentEnd): void;
  /** Whether the activity ended with this error, or before it was done, because of the cancel. */
  isCancelled(error: unknown): boolean;
  isFound(knot: number): boolean;
  fatal(error: unknown): void;
}

/** Running segments: each is one activity for all its members. */
export class Segments {
  private readonly underWay = new Map<number, readonly number[]>();
  private scheduled = 0;
  /** The first segment, if the run's first step has begun it, until it is sent. */
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

  get all(): readonly (readonly number[])[] {
    return [...this.underWay.values()];
  }

  /** Member ids of each running segment, as far as they fit in a query's answer. */
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

  /** To call before any segment is taken, with the segment that the run's first step began. */
  takeUp(begun: BegunSegment | undefined): void {
    this.begun = begun;
  }

  /** Sends the segment if this workflow task can carry it, and returns whether it did. */
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

  /** Ends all running segments without outcomes, and ignores their results. */
  giveUp(): void {
    for (const members of this.all) this.end(members, new Map());
  }

  private takeAnswer(members: readonly number[], answer: SegmentAnswer): void {
    this.underWay.set(members[0]!, members);
    // The call is deferred, as it must not happen while sending.
    void Promise.resolve().then(() => this.settle(members, answer));
  }

  /** All knots of the segment have outcomes already. */
  private takeFound(members: readonly number[]): void {
    this.underWay.set(members[0]!, members);
    const outcomes = new Map(members.map((knot) => [knot, { kind: 'ok', value: null } as const]));
    void Promise.resolve().then(() => this.end(members, outcomes));
  }

  private schedule(members: readonly number[], task: SegmentTask): void {
    this.scheduled += 1;
    const id = activityIdOf(`${SEGMENT_ACTIVITY}:${this.scheduled}:${task.knots[0]!}`);
    const call = { type: SEGMENT_ACTIVITY, id, summary: summaryOf(task.knots) };
    this.underWay.set(members[0]!, members);
    scheduleKnot<SegmentAnswer>(this.facts.world, call, task, this.facts.limits).then(
      (answer) => this.settle(members, answer),
      (error: unknown) => {
        if (this.listener.isCancelled(error)) {
          this.end(members, new Map());
        } else if (error instanceof TemporalFailure) {
          // The server ended the segment's activity: the knots' own activities look for its records.
          this.end(members, new Map(), members);
        } else {
          this.listener.fatal(error);
        }
      },
    );
  }

  private settle(members: readonly number[], answer: SegmentAnswer): void {
    try {
      const { outcomes, alone } = readSegmentAnswer(this.plan, this.tasks, members, answer);
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
    // A segment whose grace was over is settled before its activity ends.
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
  if (ids.length === 1) return `1 knot: ${plainMarkdown(first.slice(0, ID_IN_SUMMARY))}`;
  const named = [first, ids.at(-1)!].map((id) => id.slice(0, ID_IN_SUMMARY));
  return `${ids.length} knots: ${named.map(plainMarkdown).join(ids.length === 2 ? ', ' : ' … ')}`;
}

/** Reads a segment's answer, and notes reports about handed-back members for their next tasks. */
function readSegmentAnswer(
  plan: PresentPlan,
  tasks: KnotTasks,
  members: readonly number[],
  answer: SegmentAnswer,
): SegmentOutcomes {
  const outcomes = new Map<number, MemberOutcome<Slot>>();
  const alone: number[] = [];
  unpackEnds(answer.ends, members.length).forEach((end, position) => {
    const knot = members[position]!;
    const id = plan.idOf(knot);
    if (end === 'ok') {
      const envelope = answer.values[id];
      const choice = answer.choices?.[id];
      const value = envelope ? slotOf(envelope) : null;
      outcomes.set(knot, { kind: 'ok', value, ...(choice !== undefined && { choice }) });
    } else if (answer.skipped?.[id] !== undefined) {
      outcomes.set(knot, { kind: 'skipped', reason: answer.skipped[id] });
    } else if (end === 'err') {
      outcomes.set(knot, { kind: 'err' });
    } else if (end === 'retryAlone') {
      alone.push(knot);
      const how = answer.handedBack?.[id];
      if (how) tasks.noteHandedBack(knot, how);
    } else {
      tasks.noteAgain(knot);
    }
  });
  return { outcomes, alone };
}
