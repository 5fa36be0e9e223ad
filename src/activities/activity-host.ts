import type { PlanKnot } from '../plan';
import { RunClock, type BodySurroundings, type Execution, type Hashing, type MadeValue } from '../runtime';
import type { TaskAttempt } from './task-attempt';
import type { Uses } from './worker-parts';

export type HostParts = Hashing & Uses<'cachedValues' | 'clock' | 'commits' | 'identity'>;

/** An activity that runs knots, as their host sees it. */
export interface HostedActivity {
  readonly attempt: TaskAttempt;
  readonly dispatcher: 'local' | 'queue';
  readonly mayReuse: boolean;
}

/** The part of a knot's host that is the same for one knot in an activity and for several. */
export abstract class ActivityHost<Parts extends HostParts, Activity extends HostedActivity> {
  private readonly clock: RunClock;

  constructor(
    protected readonly environment: Parts,
    protected readonly activity: Activity,
    readonly surroundings: BodySurroundings,
  ) {
    this.clock = new RunClock(environment.clock.now());
  }

  get hashing(): Hashing {
    return this.environment;
  }

  now(): number {
    return this.clock.now();
  }

  execution(attempt: number, startedAt: number, finishedAt: number): Execution {
    const { runId, temporalRunId } = this.surroundings;
    const { dispatcher } = this.activity;
    const { taskQueue, scheduledTimestampMs } = this.activity.attempt.context.info;
    return {
      runId,
      temporalRunId,
      dispatcher,
      attempt,
      startedAt,
      finishedAt,
      taskQueue,
      worker: this.environment.identity,
      // If the activity only concludes the knot, `startedAt` is earlier. The server's clock may be ahead, too.
      scheduledAt: Math.min(scheduledTimestampMs, startedAt),
    };
  }

  get findMade(): ((knot: PlanKnot, cacheKey: string) => Promise<MadeValue>) | undefined {
    if (!this.activity.mayReuse) return undefined;
    return (knot, cacheKey) => this.environment.cachedValues.find(knot, cacheKey);
  }
}
