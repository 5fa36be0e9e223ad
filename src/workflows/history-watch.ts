import { continueNow, holdDispatch } from './history-budget';
import type { RunLimits } from './run-limits';
import type { Signals } from './signals';
import type { World } from './world';

export interface WatchedHost {
  isCancelled(): boolean;
  inFlight(): number;
  /** Number of waits that prevent continuing as new. */
  restless(): number;
  isIdle(): boolean;
  held(): void;
}

/**
 * Decides when an execution has filled its history: it dispatches nothing more, and the next one continues
 * (continue-as-new). Decisions depend only on the history: its length, settled knots and received signals.
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

  get isHeld(): boolean {
    return this.held;
  }

  /** Every execution may do something: a plan whose layout alone fills the history would be reloaded for ever. */
  maySend(): boolean {
    if (this.settled > 0 && !this.host.isCancelled() && holdDispatch(this.limits, this.world.facts()))
      this.hold();
    return !this.held;
  }

  noteSettled(knots: number): void {
    this.settled += knots;
  }

  /** `settling`: how many of the knots in flight are being settled. */
  heedSettled(settling: 0 | 1): void {
    if (this.held || this.host.isCancelled()) return;
    const { limits, host } = this;
    const lastOne = host.inFlight() - settling === 0 && host.restless() === 0;
    if (lastOne && continueNow(limits, this.world.facts(), this.settled)) this.hold();
    else this.holdIfFull(lastOne);
  }

  /** Signals lengthen a history even if no knot is settled. */
  heedSignals(): void {
    if (this.held || this.host.isCancelled()) return;
    this.holdIfFull(this.host.isIdle());
  }

  /** Many signals fill a history: fewer if nothing is pending. */
  private holdIfFull(isAtRest: boolean): void {
    const { signalsToContinue, signalsToHold } = this.limits;
    const mostSignals = isAtRest ? Math.min(signalsToContinue, signalsToHold) : signalsToHold;
    if (this.signals.received >= mostSignals || holdDispatch(this.limits, this.world.facts())) this.hold();
  }

  /** Checks of child runs lengthen the history, too. */
  heedChecks(): void {
    if (!this.held && !this.host.isCancelled() && holdDispatch(this.limits, this.world.facts())) this.hold();
  }

  hold(): void {
    if (this.held) return;
    this.held = true;
    this.host.held();
  }
}
