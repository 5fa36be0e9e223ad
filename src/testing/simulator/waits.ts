import type { PlanKnot } from '../../plan';
import { encodeOutput, type EncodedValue } from '../../runtime';
import { SelvageError } from '../../errors';
import { LocalWaits, type GivenSignals } from '../../in-process/local-waits';
import type { TapestryRecord } from '../../authoring/records';
import { nodeSha256 } from '../../node/node-sha256';

/** The end of a wait for a signal in every run: its payload, a timeout, or the reason why it never comes. */
export type WaitEnd =
  { readonly payload: EncodedValue } | { readonly timeout: true } | { readonly error: Error };

/** Assigns each signal once: to the tapestry's knots in plan order, then to other knots as they first wait. */
export class SimulatedWaits {
  /** Ends of waits by name of the knot, with its runs. */
  private readonly ends = new Map<string, Promise<WaitEnd>>();

  /** @param waits the waits; if undefined, every awaited signal comes */
  constructor(private readonly waits?: LocalWaits) {}

  /** @throws SelvageError `UnknownSignal`, `InvalidSignal`, `NotEncodable` */
  static async of(
    tapestry: TapestryRecord,
    knots: readonly PlanKnot[],
    signals: GivenSignals,
  ): Promise<SimulatedWaits> {
    const options = { digest: nodeSha256, realTime: false, now: () => 0 };
    const waits = new SimulatedWaits(await LocalWaits.of(tapestry, signals, options));
    for (const knot of knots) if (knot.policy.wait?.signal !== undefined) await waits.endOf(knot.id, knot);
    return waits;
  }

  endOf(name: string, knot: PlanKnot): Promise<WaitEnd> {
    let end = this.ends.get(name);
    if (!end) this.ends.set(name, (end = this.wait(name, knot)));
    return end;
  }

  private async wait(name: string, knot: PlanKnot): Promise<WaitEnd> {
    if (!this.waits) return { payload: encodeOutput(`signal for ${name}`, nodeSha256) };
    try {
      const { payload } = await this.waits.wait(knot, {}, undefined);
      return { payload: encodeOutput(payload, nodeSha256) };
    } catch (error) {
      return SelvageError.is(error, 'SignalTimeout') ? { timeout: true } : { error: error as Error };
    }
  }
}
