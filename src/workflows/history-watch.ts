import { continueForSignals, continueNow, holdDispatch, holdForSignals } from './history-budget';
import type { RunLimits } from './run-limits';
import type { Signals } from './signals';
import type { World } from './world';

export interface WatchedHost {
  isCancelled(): boolean;
  /** Number of knots in activities of this execution. */
  inFlight(): number;
  /** Number of waits that prevent continuing as new. */
  restless(): number;
  /** Whether nothing is pending and nothing is queued. */
  isIdle(): boolean;
  /** From now on nothing more is dispatched. */
  held(): void;
}

/**
 * Decides when an execution has filled its history, so that it dispatches nothing more and the next one
 * continues (continue-as-new). Depends on the history alone: its length, what was settled in it, and the
 * signals received.
 */
export class HistoryWatch {
  private held = false;
  private settled = 0;

  constructor(
    private readonly world: World,
    private readonly limits: RunLimits,
    private readonly signals: Signals,
    private readonly host: WatchedHost,
  ) {}

  /** Whether this execution dispatches nothing more. */
  get isHeld(): boolean {
    return this.held;
  }

  /**
   * Whether anything may be dispatched. Every execution does something, or a plan whose layout alone fills
   * the history would be reloaded for ever.
   */
  maySend(): boolean {
    if (this.settled > 0 && !this.host.isCancelled() && holdDispatch(this.limits, this.world.facts()))
      this.hold();
    return !this.held;
  }

  noteSettled(knots: number): void {
    this.settled += knots;
  }

  /** @param settling how many of those in flight are being settled */
  heedSettled(settling: 0 | 1): void {
    if (this.held || this.host.isCancelled()) return;
    const info = this.world.facts();
    const { limits, signals, host } = this;
    const lastOne = host.inFlight() - settling === 0 && host.restless() === 0;
    const { received } = signals;
    const isLong = continueNow(limits, info, this.settled) || continueForSignals(limits, received);
    if (holdDispatch(limits, info) || holdForSignals(limits, received) || (lastOne && isLong)) this.hold();
  }

  /** Signals lengthen a history even if no knot is settled. */
  heedSignals(): void {
    if (this.held || this.host.isCancelled()) return;
    const { limits, host } = this;
    const { received } = this.signals;
    if (
      holdDispatch(limits, this.world.facts()) ||
      holdForSignals(limits, received) ||
      (host.isIdle() && continueForSignals(limits, received))
    )
      this.hold();
  }

  /** Checks of child runs do so, too. */
  heedChecks(): void {
    if (!this.held && !this.host.isCancelled() && holdDispatch(this.limits, this.world.facts())) this.hold();
  }

  hold(): void {
    if (this.held) return;
    this.held = true;
    this.host.held();
  }
}
