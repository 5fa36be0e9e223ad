import { SelvageError } from '../errors';
import { within } from '../ports/parts/pause';
import type { SegmentAnswer } from '../workflows/messages';
import type { ResolvedSegment } from './tasks';
import type { SegmentAttempt } from './attempts';
import type { SegmentRun } from './segment-run';

/** If nothing of a segment ends for this long, its activity takes over, which frees the workflow's task. */
const QUIET_MS = 50;
/** If the segment takes longer than this in all, its activity takes over, too. */
const LONGEST_WAIT_MS = 1_000;
/** Within this time, either the segment's activity arrives or the run continues without this worker. */
const ABANDONED_MS = 10_000;

interface Begun {
  readonly run: SegmentRun;
  readonly task: ResolvedSegment;
  readonly ended: Promise<SegmentAnswer>;
  abandon?: NodeJS.Timeout;
}

/**
 * Segments that this worker began before their activity was scheduled: the first segment of each run, begun by the step
 * that pins the plan. If the segment ends soon, that step returns its answer; otherwise the segment's activity takes
 * over in progress.
 */
export class BegunSegments {
  private readonly begun = new Map<string, Begun>();

  has(temporalRunId: string): boolean {
    return this.begun.has(temporalRunId);
  }

  begin(task: ResolvedSegment, run: SegmentRun): void {
    const ended = run.execute();
    // Callers that await the segment's answer get the rejection.
    ended.catch(() => undefined);
    this.begun.set(task.temporalRunId, { run, task, ended });
  }

  async soon(temporalRunId: string): Promise<SegmentAnswer | undefined> {
    const begun = this.begun.get(temporalRunId)!;
    clearTimeout(begun.abandon);
    const answer = await answerOf(begun);
    if (answer) this.begun.delete(temporalRunId);
    else begun.abandon = setTimeout(() => this.abandon(temporalRunId, begun), ABANDONED_MS).unref();
    return answer;
  }

  /** Hands the segment to its activity, which learns of its end and may stop it. */
  takeOver(attempt: SegmentAttempt): Promise<SegmentAnswer> | undefined {
    const { temporalRunId, knots } = attempt.task;
    const begun = this.begun.get(temporalRunId);
    if (begun?.task.knots.length !== knots.length || begun.task.knots[0] !== knots[0]) return undefined;
    clearTimeout(begun.abandon);
    this.begun.delete(temporalRunId);
    begun.run.follow(attempt);
    return begun.ended;
  }

  /** When the worker ends, stops the segments that no activity has taken over. */
  async close(): Promise<void> {
    const left = [...this.begun];
    for (const [temporalRunId, begun] of left) this.abandon(temporalRunId, begun);
    await Promise.allSettled(left.map(([, { ended }]) => ended));
  }

  private abandon(temporalRunId: string, begun: Begun): void {
    clearTimeout(begun.abandon);
    this.begun.delete(temporalRunId);
    begun.run.stopWith(
      new SelvageError(
        'WorkerShutdown',
        `The segment of ${begun.task.knots.length} knots is not wanted any more.`,
      ),
    );
  }
}

async function answerOf({ run, ended }: Begun): Promise<SegmentAnswer | undefined> {
  const giveUpAt = performance.now() + LONGEST_WAIT_MS;
  for (let before = -1; run.committedCount > before && performance.now() < giveUpAt;) {
    before = run.committedCount;
    try {
      const answer = await within(ended, QUIET_MS);
      if (answer) return answer;
    } catch {
      // The segment's activity meets the same trouble with a backend, and reports it while it waits.
      return undefined;
    }
  }
  return undefined;
}
