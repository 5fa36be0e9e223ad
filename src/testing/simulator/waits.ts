import { nodeSha256 } from '../../adapters/shared/node-sha256';
import type { Plan } from '../../engine';
import { LocalWaits, type GivenSignals } from '../../local/local-waits';
import type { TapestryRecord } from '../../model/records';

/** What the wait of a knot comes to in every run: what its function takes beside its inputs, or why it fails. */
export type SimulatedWait = { readonly given: { readonly payload?: unknown } } | { readonly error: unknown };

/**
 * By knot id. Signals are given out in the order of the plan, and to an attempt that runs again the same.
 *
 * @throws SelvageError `UnknownSignal`, `InvalidSignal`, `NotEncodable`
 */
export async function simulatedWaits(
  tapestry: TapestryRecord,
  { knots }: Plan,
  signals: GivenSignals,
): Promise<ReadonlyMap<string, SimulatedWait>> {
  const options = { sha256: nodeSha256, realTime: false, now: () => 0 };
  const waits = await LocalWaits.of(tapestry, signals, options);
  const ends = new Map<string, SimulatedWait>();
  for (const knot of knots) {
    if (!knot.policy.wait) continue;
    try {
      ends.set(knot.id, { given: await waits.wait(knot, {}, undefined) });
    } catch (error) {
      ends.set(knot.id, { error });
    }
  }
  return ends;
}
