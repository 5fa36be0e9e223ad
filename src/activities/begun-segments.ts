import { SelvageError } from '../errors';
import type { SegmentAnswer } from '../workflows/messages';
import type { ResolvedSegment, SegmentAttempt } from './knot-attempt';
import type { SegmentRun } from './segment-run';

/** A segment in which nothing ends for so long is left to its activity, which does not keep the workflow's task waiting. */
const QUIET_MS = 50;
/** And so is one that lasts longer than this. */
const LONGEST_WAIT_MS = 1_000;
/** By then the activity has come, or the run goes on without this worker. */
const ABANDONED_MS = 10_000;

interface Begun {
  readonly run: SegmentRun;
  readonly task: ResolvedSegment;
  readonly ended: Promise<SegmentAnswer>;
  abandon?: NodeJS.Timeout;
}

/**
 * Segments that this worker began before their activity was scheduled: the first of each run, by the step that pins the
 * plan. Where such a segment ends soon, its answer comes with that step's, and no activity is needed; else its activity
 * takes it over as it is.
 */
export class BegunSegments {
  /** By the Temporal run id of their records. */
  private readonly begun = new Map<string, Begun>();

  has(recordRun: string): boolean {
    return this.begun.has(recordRun);
  }

  begin(task: ResolvedSegment, run: SegmentRun): void {
    const ended = run.execute();
    // Told to whoever waits for it.
    ended.catch(() => undefined);
    this.begun.set(task.recordRun, { run, task, ended });
  }

  /** The answer, if it comes soon; undefined leaves the segment to its activity. */
  async soon(recordRun: string): Promise<SegmentAnswer | undefined> {
    const begun = this.begun.get(recordRun)!;
    clearTimeout(begun.abandon);
    const answer = await answerOf(begun);
    if (answer) this.begun.delete(recordRun);
    else begun.abandon = setTimeout(() => this.abandon(recordRun, begun), ABANDONED_MS).unref();
    return answer;
  }

  /** The same segment as it was begun here: its activity hears of its end, and tells it to stop. */
  takeOver(attempt: SegmentAttempt): Promise<SegmentAnswer> | undefined {
    const { recordRun, knots } = attempt.task;
    const begun = this.begun.get(recordRun);
    if (begun?.task.knots.length !== knots.length || begun.task.knots[0] !== knots[0]) return undefined;
    clearTimeout(begun.abandon);
    this.begun.delete(recordRun);
    begun.run.follow(attempt);
    return begun.ended;
  }

  /** Stops what nobody has taken over, when the worker ends. */
  async close(): Promise<void> {
    const left = [...this.begun];
    for (const [recordRun, begun] of left) this.abandon(recordRun, begun);
    await Promise.allSettled(left.map(([, { ended }]) => ended));
  }

  private abandon(recordRun: string, begun: Begun): void {
    clearTimeout(begun.abandon);
    this.begun.delete(recordRun);
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
  for (let before = -1; run.settled > before && performance.now() < giveUpAt;) {
    before = run.settled;
    let timer: NodeJS.Timeout | undefined;
    const quiet = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, QUIET_MS, undefined);
    });
    try {
      const answer = await Promise.race([ended, quiet]);
      if (answer) return answer;
    } catch {
      // Its activity meets the same trouble, and says so while it waits.
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
  return undefined;
}
