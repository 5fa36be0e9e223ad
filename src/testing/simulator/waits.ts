import { nodeSha256 } from '../../adapters/shared/node-sha256';
import type { PlanKnot } from '../../engine';
import { encodeOutput, freshCopy, type EncodedValue } from '../../execution';
import { LocalWaits, type GivenSignals } from '../../local/local-waits';
import type { TapestryRecord } from '../../model/records';

/** What the wait of a knot comes to in every run: what its function takes beside its inputs, or why it fails. */
type End = { readonly payload: EncodedValue | undefined } | { readonly error: unknown };

/**
 * What waits come to. Signals are given out once: to the knots of the tapestry in the order of its plan, to those of runs that knots run as
 * they first come; and to whatever runs again the same.
 */
export class SimulatedWaits {
  /** By name of the knot, with the runs that it is in. */
  private readonly ends = new Map<string, Promise<End>>();

  private constructor(private readonly waits: LocalWaits) {}

  /** @throws SelvageError `UnknownSignal`, `InvalidSignal`, `NotEncodable` */
  static async of(
    tapestry: TapestryRecord,
    knots: readonly PlanKnot[],
    signals: GivenSignals,
  ): Promise<SimulatedWaits> {
    const options = { digest: nodeSha256, realTime: false, now: () => 0 };
    const waits = new SimulatedWaits(await LocalWaits.of(tapestry, signals, options));
    for (const knot of knots) if (knot.policy.wait) await waits.endOf(knot.id, knot);
    return waits;
  }

  /** What the function of a knot takes when its wait is over. Rejects as the wait does. */
  async over(name: string, knot: PlanKnot): Promise<{ payload?: unknown }> {
    const end = await this.endOf(name, knot);
    if ('error' in end) throw end.error;
    return end.payload ? { payload: freshCopy(end.payload) } : {};
  }

  private endOf(name: string, knot: PlanKnot): Promise<End> {
    let end = this.ends.get(name);
    if (!end) this.ends.set(name, (end = this.wait(knot)));
    return end;
  }

  private async wait(knot: PlanKnot): Promise<End> {
    try {
      const over = await this.waits.wait(knot, {}, undefined);
      return { payload: 'payload' in over ? encodeOutput(over.payload, nodeSha256) : undefined };
    } catch (error) {
      return { error };
    }
  }
}
