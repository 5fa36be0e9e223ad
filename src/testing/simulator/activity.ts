import { BATCH_ACTIVITY, SEGMENT_ACTIVITY, type EndedRun } from '../../workflows/messages';
import type { Attempt } from './attempt';
import type { SimulatedRun } from './run';

/** How an activity ended, for whoever has it done. */
export type ActivityEnd =
  | { readonly kind: 'answered'; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'cancelled' };

/** A task of the server's queue. */
export class Activity {
  /** Attempts that were handed out. */
  attempts = 0;
  /** Those of them that the server has lost. */
  losses = 0;
  /** The attempt that the server waits for. */
  current: Attempt | undefined;
  isDone = false;
  isCancelRequested = false;
  /** In which step of the world its workflow has heard what came of it. */
  endedAt: number | undefined;
  /** What attempts hand on, as the server knows it. */
  details: unknown;
  /** Why what it has waited for does not come. */
  waitFailure: Error | undefined;

  /** @param knot what it is told by: a knot, an element of a map or, of several, the first */
  constructor(
    readonly run: SimulatedRun,
    readonly type: string,
    readonly knot: string,
    readonly task: object,
    /** Whether its workflow waits for its end when it has cancelled it. */
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

  /** How many runs the loop has had; undefined if the knot is no loop. */
  get iteration(): number | undefined {
    return (this.task as { readonly nested?: EndedRun }).nested?.iteration;
  }
}
