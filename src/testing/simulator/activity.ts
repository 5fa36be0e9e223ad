import { BATCH_ACTIVITY, SEGMENT_ACTIVITY, type EndedRun } from '../../workflows/messages';
import type { Attempt } from './attempt';
import type { SimulatedRun } from './run';

export type ActivityEnd =
  | { readonly kind: 'answered'; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'cancelled' };

export class Activity {
  attempts = 0;
  /** Attempts that the server has lost. */
  losses = 0;
  current: Attempt | undefined;
  isDone = false;
  isCancelRequested = false;
  /** The step at which its workflow learned of its end. */
  endedAt: number | undefined;
  /** Heartbeat details for the next attempt. */
  details: unknown;
  waitFailure: Error | undefined;

  /** @param knot its name: a knot, an element of a map or, of several, the first */
  constructor(
    readonly run: SimulatedRun,
    readonly type: string,
    readonly knot: string,
    readonly task: object,
    /** Its workflow waits for its end after cancelling it. */
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

  /** Number of runs of a loop; undefined for other knots. */
  get iteration(): number | undefined {
    return (this.task as { readonly nested?: EndedRun }).nested?.iteration;
  }
}
