import type { OwnSkipReason } from '../../engine';
import type { StoredFragment } from '../../execution';

/** What stands for a value: its hash, or in symbolic runs the number of the body call that made it. */
export type Value = string | number;

export type KnotRecord = OkRecord | FailedRecord;

export interface OkRecord {
  readonly outcome: 'ok';
  readonly value: Value;
  /** Of a branch. */
  readonly choice?: string;
  /** By what its body extends the run. */
  readonly extension?: StoredFragment;
  /** Whether another knot has made the value. */
  readonly reused?: true;
}

/** Of a knot without a value. */
export type FailedRecord =
  | {
      readonly outcome: 'err';
      readonly type: string;
      readonly message: string;
      readonly cause?: { readonly type: string; readonly message: string };
    }
  | {
      readonly outcome: 'skipped';
      /** Absent: for its parents, or by the cancel. */
      readonly reason?: OwnSkipReason | 'branch_not_selected';
      readonly anyErr?: boolean;
      readonly anySkipped?: boolean;
    };

export interface Inserted {
  readonly inserted: boolean;
  /** What stands now. */
  readonly record: KnotRecord;
}

/** The backends of one simulated run, as far as the commit point goes. Knots and elements of maps are told by `units.ts`. */
export class SimulatedStore {
  protected readonly records = new Map<number, KnotRecord>();
  protected readonly values = new Set<Value>();

  put(value: Value): void {
    this.values.add(value);
  }

  has(value: Value): boolean {
    return this.values.has(value);
  }

  /** As an attempt looks for what an earlier one has recorded. */
  lookUp(knot: number): KnotRecord | undefined {
    return this.find(knot);
  }

  /** Undefined where the knot has no record. */
  find(knot: number): KnotRecord | undefined {
    return this.records.get(knot);
  }

  /** Inserts if absent, and answers what is there. */
  insert(knot: number, record: KnotRecord): Inserted {
    const there = this.records.get(knot);
    if (there) return { inserted: false, record: there };
    this.records.set(knot, record);
    return { inserted: true, record };
  }
}
