import type { KnotFailure, SkippedKnot } from './messages';
import type { PresentPlan } from './present-plan';

/** Knots that no activity has recorded. */
export interface Unrecorded {
  readonly skipped: readonly SkippedKnot[];
  readonly failed: readonly KnotFailure[];
}

export interface UnrecordedKnotsListener {
  /** What these receivers have waited for is on record. */
  recorded(receivers: readonly number[]): void;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
}

/**
 * The knots of this execution that no activity has recorded, since nothing of theirs was run or the server ended it. The end of the
 * execution records them; or, earlier, a knot that receives what became of its parents.
 *
 * U1  A receiver is scheduled when all its parents are on record: its activity reads there what became of those that are not Ok.
 * U2  One recording at a time: what comes meanwhile, and receivers of that, wait for the next.
 */
export class UnrecordedKnots {
  private readonly skipped: SkippedKnot[] = [];
  private readonly failed: KnotFailure[] = [];
  /** Those in these two lists, by index. */
  private readonly knots = new Set<number>();
  /** Dispatched receivers that wait for it, and whether it is being recorded. */
  private readonly receivers: number[] = [];
  private recording = false;

  constructor(
    private readonly plan: PresentPlan,
    private readonly record: (unrecorded: Unrecorded) => Promise<void>,
    private readonly listener: UnrecordedKnotsListener,
  ) {}

  noteSkipped(knot: number, how: Omit<SkippedKnot, 'knot'>): void {
    this.knots.add(knot);
    this.skipped.push({ knot: this.plan.idOf(knot), ...how });
  }

  noteFailed(knot: number, failure: KnotFailure): void {
    this.knots.add(knot);
    this.failed.push(failure);
  }

  get isRecording(): boolean {
    return this.recording;
  }

  /** Copies: what is recorded meanwhile, for the sake of a receiver, leaves the lists. */
  get all(): Unrecorded {
    return { skipped: [...this.skipped], failed: [...this.failed] };
  }

  /** Whether the knot receives what became of one of them. */
  isReceiver(knot: number): boolean {
    if (this.plan.policyOf(knot).errorPolicy !== 'receiveErrors' || this.knots.size === 0) return false;
    const { parents, parentStart } = this.plan.layout;
    return parents
      .subarray(parentStart[knot], parentStart[knot + 1])
      .some((parent) => this.knots.has(parent));
  }

  /** Records what is to be recorded so far; then the receiver, and others that have come to wait for it, go on. */
  recordBefore(receiver: number): void {
    this.receivers.push(receiver);
    if (this.recording) return;
    this.recording = true;
    const { skipped, failed } = this.all;
    const knots = [...this.knots];
    this.record({ skipped, failed }).then(
      () => {
        this.skipped.splice(0, skipped.length);
        this.failed.splice(0, failed.length);
        for (const recorded of knots) this.knots.delete(recorded);
        this.recording = false;
        this.listener.recorded(this.receivers.splice(0));
      },
      (error: unknown) => this.listener.fatal(error),
    );
  }

  /** The receivers that wait, which wait no more. */
  takeBack(): number[] {
    return this.receivers.splice(0);
  }
}
