import { InMemoryDataStore } from '../../adapters/memory';
import type { CommitResult, LineageRecord, StoredValue } from '../../ports';

/** The backends of one simulated world, up to the commit point. */
export class SimulatedStore {
  readonly data = new InMemoryDataStore();
  /** Records by run and knot. */
  protected readonly records = new Map<string, Map<string, LineageRecord>>();
  private readonly values = new Map<string, Uint8Array>();

  put(value: StoredValue): void {
    this.values.set(value.hash, value.bytes);
    this.data.putOne(value);
  }

  has(hash: string): boolean {
    return this.values.has(hash);
  }

  at(hash: string): Uint8Array | undefined {
    return this.values.get(hash);
  }

  /** An attempt's search for records of earlier attempts or parents. */
  lookUp(run: string, knot: string): LineageRecord | undefined {
    return this.find(run, knot);
  }

  find(run: string, knot: string): LineageRecord | undefined {
    return this.records.get(run)?.get(knot);
  }

  recordsOf(run: string): readonly LineageRecord[] {
    return [...(this.records.get(run)?.values() ?? [])];
  }

  /** Inserts a record if absent, and returns the standing record. */
  insert(record: LineageRecord): CommitResult {
    const there = this.find(record.temporal_run_id, record.knot_id);
    if (there) return { inserted: false, record: there };
    this.replace(record);
    return { inserted: true, record };
  }

  remove(run: string, knot: string): void {
    this.records.get(run)?.delete(knot);
  }

  protected replace(record: LineageRecord): void {
    let records = this.records.get(record.temporal_run_id);
    if (!records) this.records.set(record.temporal_run_id, (records = new Map<string, LineageRecord>()));
    records.set(record.knot_id, record);
  }
}
