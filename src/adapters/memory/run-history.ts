import { randomUUID } from 'node:crypto';
import {
  inputHashes,
  valuesNamedBy,
  type ChangesOptions,
  type CommitResult,
  type EmitterTable,
  type HistoryChange,
  type LeaseTable,
  type LineageQuery,
  type LineageRecord,
  type Page,
  type RecordedOutcome,
  type RecordKey,
  type RequiredRecords,
  type RunChange,
  type RunEnd,
  type RunHistory,
  type RunQuery,
  type RunRecord,
  type StartLedger,
  type Statistics,
  type StatisticsQuery,
} from '../../ports';
import { InMemoryEmitterTable } from './emitter-table';
import { InMemoryStartLedger } from './start-ledger';
import { InMemoryLeaseTable } from './lease-table';
import { readChanges } from '../../ports/parts/changes';
import { changedRun, endedRun } from '../../ports/parts/ended-run';
import { hasRequired } from '../../ports/parts/required-records';
import { newestFirst } from './newest-first';
import { runMatches } from '../../ports/parts/run-matches';
import { isInWindow, StatisticsTally } from '../../ports/parts/statistics-tally';
import { InMemoryChanges } from './changes';

/**
 * Runs and lineage in this process's memory, for tests and in-process runs. Records are stored without copying, so they
 * must not be changed after a commit.
 */
export class InMemoryRunHistory implements RunHistory {
  readonly technology = 'memory';
  readonly #identity = randomUUID();
  /** All records in commit order, with gaps for removed ones; a record's index is its number in listings. */
  readonly #records: (LineageRecord | undefined)[] = [];
  /** Indexes of records by temporal run id, then knot id. */
  readonly #recordsOfRun = new Map<string, Map<string, number>>();
  /** Maps a cache key to the newest record that made its value. */
  readonly #cached = new Map<string, number>();
  /** The values that the records so far name; computed on demand, as few callers need them. */
  readonly #referred = new Set<string>();
  #read = 0;
  readonly #runs: (RunRecord | undefined)[] = [];
  readonly #runIndex = new Map<string, number>();
  readonly #emitters = new InMemoryEmitterTable();
  readonly #changes = new InMemoryChanges(this.#identity, this.#records, (temporalRunId) =>
    this.#run(temporalRunId),
  );

  async commit(records: readonly LineageRecord[]): Promise<CommitResult[]> {
    return records.map((record) => this.commitOne(record));
  }

  /** This method is synchronous, so that a host that commits a hundred thousand knots need not wait either. */
  commitOne(record: LineageRecord): CommitResult {
    let ofRun = this.#recordsOfRun.get(record.temporal_run_id);
    if (ofRun === undefined) this.#recordsOfRun.set(record.temporal_run_id, (ofRun = new Map()));
    const earlier = ofRun.get(record.knot_id);
    if (earlier !== undefined) return { inserted: false, record: this.#records[earlier] as LineageRecord };
    ofRun.set(record.knot_id, this.#records.length);
    this.#noteCached(record, this.#records.length);
    this.#records.push(record);
    this.#changes.wake();
    return { inserted: true, record };
  }

  async startRun(record: RunRecord): Promise<RunRecord> {
    const earlier = this.#run(record.temporal_run_id);
    if (earlier !== undefined) return earlier;
    this.#runIndex.set(record.temporal_run_id, this.#runs.length);
    this.#runs.push(record);
    this.#changes.noteStart(record);
    return record;
  }

  async endRun(temporalRunId: string, end: RunEnd, required?: RequiredRecords): Promise<boolean> {
    if (required && !(await hasRequired(this, temporalRunId, required))) return false;
    const index = this.#runIndex.get(temporalRunId);
    if (index === undefined) return false;
    const run = this.#runs[index] as RunRecord;
    const ended = endedRun(run, end);
    this.#runs[index] = ended;
    if (ended.status !== run.status || ended.finished_at !== run.finished_at) this.#changes.noteEnd(ended);
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
    this.#changes.forget(temporalRunId);
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

  async statistics(query: StatisticsQuery): Promise<Statistics[]> {
    const tally = new StatisticsTally();
    const { by } = query;
    if (by === 'tapestry') {
      for (const run of this.#runs) {
        if (!run || !isInWindow(run.finished_at, query)) continue;
        tally.addRuns(run.tapestry, run.status, run.finished_at! - run.started_at, 1);
      }
    } else {
      for (const record of this.#records)
        if (record && isInWindow(record.finished_at, query)) tally.addRecord(by, record);
    }
    return tally.result();
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
      for (const hash of [record.output_hash, ...inputHashes(record)])
        if (hash?.startsWith(prefix)) found.add(hash);
    }
    return [...found].sort().slice(0, limit);
  }

  changes(options: ChangesOptions = {}): AsyncIterable<readonly HistoryChange[]> {
    let seen = 0;
    const look = async (after: string | undefined): Promise<HistoryChange[]> => {
      seen = this.#changes.times;
      return this.#changes.behind(after);
    };
    return readChanges(look, options, (signal) => this.#changes.news(seen, signal));
  }

  async lastChange(): Promise<string | undefined> {
    return this.#changes.last();
  }

  async identity(): Promise<string> {
    return this.#identity;
  }

  async now(): Promise<number> {
    return Date.now();
  }

  leasesBeside(): LeaseTable {
    return new InMemoryLeaseTable();
  }

  async runsOf(temporalRunIds: readonly string[]): Promise<RunRecord[]> {
    return temporalRunIds.flatMap((id) => this.#run(id) ?? []);
  }

  async recordsBeforeRun(temporalRunIds: readonly string[]): Promise<LineageRecord[]> {
    return temporalRunIds.flatMap((id) => {
      const before = this.#changes.recordsBefore(id);
      const indexes = [...(this.#recordsOfRun.get(id)?.values() ?? [])].filter((index) => index < before);
      return indexes.flatMap((index) => this.#records[index] ?? []);
    });
  }

  async recordsOf(knots: readonly RecordKey[]): Promise<LineageRecord[]> {
    return knots.flatMap(([temporalRunId, knotId]) => {
      const index = this.#recordsOfRun.get(temporalRunId)?.get(knotId);
      return (index !== undefined && this.#records[index]) || [];
    });
  }

  emitterTableBeside(): EmitterTable {
    return this.#emitters;
  }

  startLedgerBeside(): StartLedger {
    return new InMemoryStartLedger();
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
    (query.map === undefined || record.knot_id.startsWith(`${query.map}[`)) &&
    (query.definition === undefined || record.definition === query.definition) &&
    (query.outputHash === undefined || record.output_hash === query.outputHash) &&
    (query.outcome === undefined || record.outcome === query.outcome) &&
    (query.since === undefined || record.finished_at >= query.since) &&
    (query.until === undefined || record.finished_at < query.until) &&
    (query.inputHash === undefined || inputHashes(record).includes(query.inputHash))
  );
}
