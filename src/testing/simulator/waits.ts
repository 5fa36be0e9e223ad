import type { InMemoryDataStore } from '../../adapters/memory';
import type { PlanKnot } from '../../plan';
import type { ReferenceEnvelope, Waited } from '../../scheduler';
import { encodeOutput, envelopeOf, storedValues, type EncodedValue } from '../../runtime';
import { SelvageError } from '../../errors';
import { LocalWaits, type GivenSignals } from '../../runtime/in-process/local-waits';
import type { TapestryRecord } from '../../authoring/records';
import { nodeSha256 } from '../../node-sha256';

/** What the wait of a knot comes to in every run. */
type End = { readonly payload: EncodedValue | undefined } | { readonly error: Error };

/**
 * What waits come to. Signals are given out once: to the knots of the tapestry in the order of its plan, to those of runs that knots run as
 * they first come; and to whatever runs again the same.
 */
export class SimulatedWaits {
  /** By name of the knot, with the runs that it is in. */
  private readonly ends = new Map<string, Promise<End>>();

  /** @param waits undefined: whatever is waited for comes */
  constructor(private readonly waits?: LocalWaits) {}

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

  /** What comes of a wait; `error` says why nothing ever would. What a signal brings is put into the data store. */
  async over(
    name: string,
    knot: PlanKnot,
    data: InMemoryDataStore,
  ): Promise<{ readonly waited: Waited; readonly error?: Error }> {
    const end = await this.endOf(name, knot);
    if ('error' in end) {
      const isTimeout = SelvageError.is(end.error, 'SignalTimeout');
      return isTimeout ? { waited: { kind: 'timeout' } } : { waited: { kind: 'time' }, error: end.error };
    }
    const { payload } = end;
    if (!payload) return { waited: { kind: 'time' } };
    for (const value of storedValues(payload)) data.putOne(value);
    return { waited: { kind: 'signal', payload: envelopeOf(payload, -1) as ReferenceEnvelope } };
  }

  private endOf(name: string, knot: PlanKnot): Promise<End> {
    let end = this.ends.get(name);
    if (!end) this.ends.set(name, (end = this.wait(name, knot)));
    return end;
  }

  private async wait(name: string, knot: PlanKnot): Promise<End> {
    const encoded = (payload: unknown): EncodedValue => encodeOutput(payload, nodeSha256);
    const isSignal = knot.policy.wait!.signal !== undefined;
    if (!this.waits) return { payload: isSignal ? encoded(`signal for ${name}`) : undefined };
    try {
      const over = await this.waits.wait(knot, {}, undefined);
      return { payload: 'payload' in over ? encoded(over.payload) : undefined };
    } catch (error) {
      return { error: error as Error };
    }
  }
}
