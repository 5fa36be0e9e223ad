import { InMemoryDataStore } from '../../adapters/memory';
import type { CommitResult, LineageRecord, StoredValue } from '../../ports';

/** The backends of one simulated world, as far as the commit point goes. */
export class SimulatedStore {
  /** Where bodies put streams, too. */
  readonly data = new InMemoryDataStore();
  /** By run and knot. */
  protected readonly records = new Map<string, Map<string, LineageRecord>>();
  private readonly values = new Map<string, Uint8Array>();

  put(value: StoredValue): void {
    this.values.set(value.hash, value.bytes);
    this.data.putOne(value);
  }

  has(hash: string): boolean {
    return this.values.has(hash);
  }

  /** The bytes of what was put. */
  at(hash: string): Uint8Array | undefined {
    return this.values.get(hash);
  }

  /** As an attempt looks for what an earlier one, or a parent, has recorded. */
  lookUp(run: string, knot: string): LineageRecord | undefined {
    return this.find(run, knot);
  }

  /** Undefined where the knot has no record. */
  find(run: string, knot: string): LineageRecord | undefined {
    return this.records.get(run)?.get(knot);
  }

  /** The records of a run, in the order in which they were inserted. */
  recordsOf(run: string): readonly LineageRecord[] {
    return [...(this.records.get(run)?.values() ?? [])];
  }

  /** Inserts if absent, and answers what is there. */
  insert(record: LineageRecord): CommitResult {
    const there = this.find(record.temporal_run_id, record.knot_id);
    if (there) return { inserted: false, record: there };
    this.replace(record);
    return { inserted: true, record };
  }

  protected replace(record: LineageRecord): void {
    let records = this.records.get(record.temporal_run_id);
    if (!records) this.records.set(record.temporal_run_id, (records = new Map<string, LineageRecord>()));
    records.set(record.knot_id, record);
  }
}
