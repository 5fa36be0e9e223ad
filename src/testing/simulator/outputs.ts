import type { LineageRecord } from '../../ports';
import { errorOf } from './comparison';
import type { SimulatedRun } from './run';

/** The first outputs of real bodies in any run: equal inputs must give the same again. */
export class Outputs {
  /** The first outputs by knot and its inputs. */
  private readonly first = new Map<string, string>();

  /** Failures are compared at the end of a run instead. @param record of an attempt that called the body */
  require(run: SimulatedRun, record: LineageRecord): void {
    if (record.outcome === 'err') return;
    const { ledger } = run.world;
    const { knot_id, parent_input_hashes, parent_knot_ids, extra } = record;
    // Bodies that receive outcomes see those of parents without a value.
    const failed = Object.entries(parent_input_hashes).map(([input, hash]) => {
      const parent = hash === null ? ledger.store.find(run.id, parent_knot_ids[input]!) : undefined;
      return parent && [parent.outcome, parent.skip_reason, errorOf(parent)?.type];
    });
    const made = [record.output_hash ?? record.skip_reason, extra['extension']].filter(Boolean);
    const now = made.join(' and the extension ');
    const key = JSON.stringify([run.nameOf(knot_id), parent_input_hashes, failed, extra['iterations']]);
    const first = this.first.get(key) ?? now;
    this.first.set(key, first);
    if (first === now) return;
    const again = `${now} when it ran again on the same inputs`;
    ledger.noteBody(run.id, knot_id, `gave ${first} when it ran first, and ${again}`);
  }
}
