import { randomUUID } from 'node:crypto';
import {
  valuesNamedBy,
  type CommitResult,
  type LeaseTable,
  type LineageQuery,
  type LineageRecord,
  type Page,
  type RecordedOutcome,
  type RunChange,
  type RunEnd,
  type RunHistory,
  type RunQuery,
  type RunRecord,
} from '../../../protocols';
import { InMemoryLeaseTable } from '../../lease-tables/in-memory';
import { changedRun, endedRun } from '../../shared/ended-run';
import { newestFirst } from '../../shared/newest-first';
import { runMatches } from '../../shared/run-matches';

/**
 * Runs and lineage in this process's memory, for tests and in-process runs: gone when the process ends. Records are kept
 * as they are given, not copied: whoever commits a record must not change it afterwards.
 */
export class InMemoryRunHistory implements RunHistory {
  readonly technology = 'memory';
  readonly #identity = randomUUID();
  /** In the order committed; a record's index is its number in listings. One that was removed leaves its place. */
  readonly #records: (LineageRecord | undefined)[] = [];
  /** Temporal run id to knot id to index. */
  readonly #recordsOfRun = new Map<string, Map<string, number>>();
  /** Cache key to index of the newest that made its value. */
  readonly #cached = new Map<string, number>();
  /** The values that the first so many records name: made when it is asked for, since few ask. */
  readonly #referred = new Set<string>();
  #read = 0;
  readonly #runs: (RunRecord | undefined)[] = [];
  readonly #runIndex = new Map<string, number>();

  async commit(records: readonly LineageRecord[]): Promise<CommitResult[]> {
    return records.map((record) => this.commitOne(record));
  }

  /** Nothing here waits, so that a host which commits a hundred thousand knots need not either. */
  commitOne(record: LineageRecord): CommitResult {
    let ofRun = this.#recordsOfRun.get(record.temporal_run_id);
    if (ofRun === undefined) this.#recordsOfRun.set(record.temporal_run_id, (ofRun = new Map()));
    const earlier = ofRun.get(record.knot_id);
    if (earlier !== undefined) return { inserted: false, record: this.#records[earlier] as LineageRecord };
    ofRun.set(record.knot_id, this.#records.length);
    this.#noteCached(record, this.#records.length);
    this.#records.push(record);
    return { inserted: true, record };
  }

  async startRun(record: RunRecord): Promise<RunRecord> {
    const earlier = this.#run(record.temporal_run_id);
    if (earlier !== undefined) return earlier;
    this.#runIndex.set(record.temporal_run_id, this.#runs.length);
    this.#runs.push(record);
    return record;
  }

  async endRun(temporalRunId: string, end: RunEnd): Promise<boolean> {
    const index = this.#runIndex.get(temporalRunId);
    if (index === undefined) return false;
    this.#runs[index] = endedRun(this.#runs[index] as RunRecord, end);
    return true;
  }

  async changeRun(temporalRunId: string, change: RunChange): Promise<boolean> {
    const index = this.#runIndex.get(temporalRunId);
    if (index === undefined) return false;
    this.#runs[index] = changedRun(this.#runs[index] as RunRecord, change);
    return true;
  }

  async deleteRun(temporalRunId: string): Promise<number | undefined> {
    const run = this.#run(temporalRunId);
    if (run === undefined || run.status === 'running') return undefined;
    const ofRun = [...(this.#recordsOfRun.get(temporalRunId)?.values() ?? [])];
    for (const index of ofRun) this.#records[index] = undefined;
    this.#recordsOfRun.delete(temporalRunId);
    this.#cached.clear();
    this.#records.forEach((record, index) => record && this.#noteCached(record, index));
    this.#referred.clear();
    this.#read = 0;
    this.#runs[this.#runIndex.get(temporalRunId)!] = undefined;
    this.#runIndex.delete(temporalRunId);
    return ofRun.length;
  }

  async getRun(runId: string): Promise<RunRecord | undefined> {
    const ofId = (run: RunRecord): boolean => run.run_id === runId;
    return newestFirst(this.#runs, { limit: 1 }, (run) => run.started_at, ofId).items[0];
  }

  async getRunByTemporalId(temporalRunId: string): Promise<RunRecord | undefined> {
    return this.#run(temporalRunId);
  }

  async listRuns(query: RunQuery = {}): Promise<Page<RunRecord>> {
    return newestFirst(
      this.#runs,
      query,
      (run) => run.started_at,
      (run) => runMatches(run, query),
    );
  }

  async getRecords(temporalRunId: string, knotIds?: readonly string[]): Promise<LineageRecord[]> {
    const ofRun = this.#recordsOfRun.get(temporalRunId);
    if (ofRun === undefined) return [];
    const indexes =
      knotIds === undefined ? [...ofRun.values()] : [...new Set(knotIds)].map((id) => ofRun.get(id));
    return indexes
      .filter((index) => index !== undefined)
      .map((index) => this.#records[index] as LineageRecord);
  }

  getOutcomes(temporalRunId: string, knotIds: readonly string[]): Promise<RecordedOutcome[]> {
    return this.getRecords(temporalRunId, knotIds);
  }

  async countRecords(temporalRunId: string, prefix: string): Promise<number> {
    const ids = [...(this.#recordsOfRun.get(temporalRunId)?.keys() ?? [])];
    return ids.filter((id) => id.startsWith(prefix)).length;
  }

  async findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>> {
    const found = new Map<string, LineageRecord>();
    for (const key of keys) {
      const index = this.#cached.get(key);
      if (index !== undefined) found.set(key, this.#records[index] as LineageRecord);
    }
    return found;
  }

  async findLineage(query: LineageQuery): Promise<Page<LineageRecord>> {
    return newestFirst(
      this.#records,
      query,
      (record) => record.finished_at,
      (record) => lineageMatches(record, query),
    );
  }

  async referredTo(hashes: readonly string[]): Promise<Set<string>> {
    for (; this.#read < this.#records.length; this.#read++) {
      const record = this.#records[this.#read];
      for (const hash of record ? valuesNamedBy(record) : []) this.#referred.add(hash);
    }
    return new Set(hashes.filter((hash) => this.#referred.has(hash)));
  }

  async findHashes(prefix: string, limit: number): Promise<string[]> {
    const found = new Set<string>();
    for (const record of this.#records) {
      if (!record) continue;
      const { output_hash, parent_input_hashes, constant_input_hashes } = record;
      const named = [
        output_hash,
        ...Object.values(parent_input_hashes),
        ...Object.values(constant_input_hashes),
      ];
      for (const hash of named) if (hash?.startsWith(prefix)) found.add(hash);
    }
    return [...found].sort().slice(0, limit);
  }

  async identity(): Promise<string> {
    return this.#identity;
  }

  leasesBeside(): LeaseTable {
    return new InMemoryLeaseTable();
  }

  async close(): Promise<void> {}

  #noteCached({ cache_key, outcome, cached_from_run, finished_at }: LineageRecord, index: number): void {
    if (cache_key === null || outcome !== 'ok' || cached_from_run !== null) return;
    const newest = this.#cached.get(cache_key);
    if (newest === undefined || (this.#records[newest] as LineageRecord).finished_at <= finished_at)
      this.#cached.set(cache_key, index);
  }

  #run(temporalRunId: string): RunRecord | undefined {
    const index = this.#runIndex.get(temporalRunId);
    return index === undefined ? undefined : this.#runs[index];
  }
}

function lineageMatches(record: LineageRecord, query: LineageQuery): boolean {
  return (
    (query.runId === undefined || record.run_id === query.runId) &&
    (query.temporalRunId === undefined || record.temporal_run_id === query.temporalRunId) &&
    (query.knotId === undefined || record.knot_id === query.knotId) &&
    (query.knotClass === undefined || record.knot_class === query.knotClass) &&
    (query.outputHash === undefined || record.output_hash === query.outputHash) &&
    (query.outcome === undefined || record.outcome === query.outcome) &&
    (query.since === undefined || record.finished_at >= query.since) &&
    (query.until === undefined || record.finished_at < query.until) &&
    (query.inputHash === undefined || wentIn(record, query.inputHash))
  );
}

function wentIn(record: LineageRecord, hash: string): boolean {
  return (
    Object.values(record.parent_input_hashes).includes(hash) ||
    Object.values(record.constant_input_hashes).includes(hash)
  );
}
