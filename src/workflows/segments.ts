import { TemporalFailure } from '@temporalio/common';
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
import { readSegmentAnswer, type SegmentOutcomes } from './segment-answer';

/** A summary may have 400 bytes in all. */
const ID_IN_SUMMARY = 80;
/** With the longest ids, so many fit in the answer to a query. */
const LISTED_MEMBERS = 6_000;

export interface SegmentEnd extends SegmentOutcomes {
  readonly failures: readonly KnotFailure[];
}

export interface SegmentsListener {
  /** Once for each segment taken. */
  ended(members: readonly number[], end: SegmentEnd): void;
  /** The activity ended so, or so early, because of the cancel. */
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

  /** Member ids of each, as far as they fit in a query's answer. */
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

  /** Called before any is taken, with the segment that the run's first step began. */
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
    // Deferred, as it must not happen while sending.
    void Promise.resolve().then(() => this.settle(members, answer));
  }

  /** All its knots have outcomes already. */
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
          // Ended by the server: the knots' own activities look for its records.
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
