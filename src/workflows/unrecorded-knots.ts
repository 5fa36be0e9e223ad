import type { KnotFailure, SkippedKnot } from './messages';
import type { PresentPlan } from './present-plan';

export interface Unrecorded {
  readonly skipped: readonly SkippedKnot[];
  readonly failed: readonly KnotFailure[];
}

export interface UnrecordedKnotsListener {
  /** The parents' outcomes for these receivers are on record. */
  recorded(receivers: readonly number[]): void;
  fatal(error: unknown): void;
}

/**
 * Knots of this execution without a record, as nothing of theirs ran or the server ended it. Such knots are recorded at
 * the end of the execution or, earlier, before a knot receives its parents' outcomes.
 *
 * U1  A receiver is scheduled once all its parents are on record: its activity reads outcomes that are not Ok
 *     there.
 * U2  One recording at a time: knots that arrive meanwhile, and their receivers, wait for the next.
 */
export class UnrecordedKnots {
  private readonly skipped: SkippedKnot[] = [];
  private readonly failed: KnotFailure[] = [];
  /** The knots of both lists, by index in the layout. */
  private readonly knots = new Set<number>();
  /** Dispatched receivers that wait for the next recording. */
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

  /** The lists are copied, as recording for a receiver removes knots from them. */
  get all(): Unrecorded {
    return { skipped: [...this.skipped], failed: [...this.failed] };
  }

  isReceiver(knot: number): boolean {
    if (this.plan.policyOf(knot).errorPolicy !== 'receiveErrors' || this.knots.size === 0) return false;
    const { parents, parentStart } = this.plan.layout;
    return parents
      .subarray(parentStart[knot], parentStart[knot + 1])
      .some((parent) => this.knots.has(parent));
  }

  /** Records all unrecorded knots; then this receiver, and others that have come to wait, continue. */
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

  takeBack(): number[] {
    return this.receivers.splice(0);
  }
}
