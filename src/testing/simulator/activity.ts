import { BATCH_ACTIVITY, SEGMENT_ACTIVITY, type EndedRun } from '../../workflows/messages';
import type { Attempt } from './attempt';
import type { SimulatedRun } from './run';

export type ActivityEnd =
  | { readonly kind: 'answered'; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'cancelled' };

export class Activity {
  attempts = 0;
  /** The number of attempts that the server has lost. */
  losses = 0;
  current: Attempt | undefined;
  isDone = false;
  isCancelRequested = false;
  /** The step at which the activity's workflow learned of its end. */
  endedAt: number | undefined;
  /** The heartbeat details for the next attempt. */
  details: unknown;
  waitFailure: Error | undefined;

  /** @param knot the activity's name: a knot, an element of a map or, of several, the first */
  constructor(
    readonly run: SimulatedRun,
    readonly type: string,
    readonly knot: string,
    readonly task: object,
    /** Whether the workflow waits for the activity's end after cancelling it. */
    private readonly isAwaited: boolean,
    readonly ended: (end: ActivityEnd) => void,
  ) {}

  cancel(): void {
    const { world } = this.run;
    world.cancel(this);
    if (!this.isAwaited) world.soon(() => this.ended({ kind: 'cancelled' }));
  }

  get isGroup(): boolean {
    return this.type === SEGMENT_ACTIVITY || this.type === BATCH_ACTIVITY;
  }

  /** The number of runs of a loop; undefined for other knots. */
  get iteration(): number | undefined {
    return (this.task as { readonly nested?: EndedRun }).nested?.iteration;
  }
}
