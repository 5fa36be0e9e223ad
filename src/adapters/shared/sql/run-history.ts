import type {
  Commit,
  CommitResult,
  DataStore,
  LeaseTable,
  LineageQuery,
  LineageRecord,
  Page,
  RecordedOutcome,
  RunChange,
  RunEnd,
  RunHistory,
  RunQuery,
  RunRecord,
  StoredValue,
} from '../../../protocols';
import { SqlDataStore } from './data-store';
import type { SqlDatabase } from './database';
import { findHashes } from './find-hashes';
import { findLineage } from './lineage-query';
import { recordOf } from './lineage-records';
import { changeRun, deleteRun, endRun, insertRun, latestRun, listRuns, runByTemporalId } from './runs';

/** Records that go in one transaction, for whose end other writers may have to wait: some 50 ms in SQLite. */
const DELETED_AT_ONCE = 250;

/** Runs and lineage in an SQL database; how records are committed is each database's own. */
export abstract class SqlRunHistory<D extends SqlDatabase> implements RunHistory {
  abstract readonly technology: string;
  /** Adapters on one database can share a transaction. */
  readonly database: D;

  /** Closing the history closes the database with it. */
  constructor(database: D) {
    this.database = database;
  }

  commit(records: readonly LineageRecord[]): Promise<CommitResult[]> {
    return this.commitWith(records, []);
  }

  /** Puts values that fit into one row each and commits the records, in one transaction. */
  abstract commitWith(
    records: readonly LineageRecord[],
    values: readonly StoredValue[],
  ): Promise<CommitResult[]>;

  abstract findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>>;

  commitsTogetherWith(
    dataStore: DataStore,
  ): ((commits: readonly Commit[]) => Promise<CommitResult[]>) | undefined {
    if (!(dataStore instanceof SqlDataStore) || dataStore.database !== this.database) return undefined;
    return async (commits) => {
      // Only large values go before: they take long, and are useless but harmless without their record.
      const values = await dataStore.putLarge(commits.flatMap((commit) => commit.values));
      return await this.commitWith(
        commits.map((commit) => commit.record),
        values,
      );
    };
  }

  abstract leasesBeside(): LeaseTable;

  findHashes(prefix: string, limit: number): Promise<string[]> {
    return this.database.read((db) => findHashes(db, this.database.dialect, prefix, limit));
  }

  abstract referredTo(hashes: readonly string[]): Promise<Set<string>>;

  startRun(record: RunRecord): Promise<RunRecord> {
    return this.database.write((db) => insertRun(db, record));
  }

  endRun(temporalRunId: string, end: RunEnd): Promise<boolean> {
    return this.database.write((db) => endRun(db, this.database.dialect, temporalRunId, end));
  }

  changeRun(temporalRunId: string, change: RunChange): Promise<boolean> {
    return this.database.write((db) => changeRun(db, this.database.dialect, temporalRunId, change));
  }

  async deleteRun(temporalRunId: string): Promise<number | undefined> {
    const run = await this.getRunByTemporalId(temporalRunId);
    if (run === undefined || run.status === 'running') return undefined;
    let deleted = 0;
    for (let some = DELETED_AT_ONCE; some === DELETED_AT_ONCE;) {
      some = await this.deleteRecords(temporalRunId, DELETED_AT_ONCE);
      deleted += some;
    }
    await this.database.write((db) => deleteRun(db, run));
    return deleted;
  }

  /** Removes some records of a run, with all that leads to them, and answers how many. Fewer than `limit`: there are no more. */
  protected abstract deleteRecords(temporalRunId: string, limit: number): Promise<number>;

  getRun(runId: string): Promise<RunRecord | undefined> {
    return this.database.read((db) => latestRun(db, runId));
  }

  getRunByTemporalId(temporalRunId: string): Promise<RunRecord | undefined> {
    return this.database.read((db) => runByTemporalId(db, temporalRunId));
  }

  listRuns(query: RunQuery = {}): Promise<Page<RunRecord>> {
    return this.database.read((db) => listRuns(db, query));
  }

  async getRecords(temporalRunId: string, knotIds?: readonly string[]): Promise<LineageRecord[]> {
    const rows = await this.database.read((db) => {
      const select = db
        .selectFrom('selvage_lineage')
        .selectAll()
        .where('temporal_run_id', '=', temporalRunId);
      return knotIds === undefined
        ? select.execute()
        : select.where(this.database.dialect.isOneOf('knot_id', knotIds)).execute();
    });
    return rows.map(recordOf);
  }

  async getOutcomes(temporalRunId: string, knotIds: readonly string[]): Promise<RecordedOutcome[]> {
    const rows = await this.database.read((db) =>
      db
        .selectFrom('selvage_lineage')
        .select(['knot_id', 'outcome', 'output_hash', 'output_size', 'extra'])
        .where('temporal_run_id', '=', temporalRunId)
        .where(this.database.dialect.isOneOf('knot_id', knotIds))
        .execute(),
    );
    return rows.map((row) => ({ ...row, extra: JSON.parse(row.extra) }));
  }

  async countRecords(temporalRunId: string, prefix: string): Promise<number> {
    // A range, which an index answers alone.
    const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
    const { count } = await this.database.read((db) =>
      db
        .selectFrom('selvage_lineage')
        .select((of) => of.fn.countAll<number | string>().as('count'))
        .where('temporal_run_id', '=', temporalRunId)
        .where('knot_id', '>=', prefix)
        .where('knot_id', '<', end)
        .executeTakeFirstOrThrow(),
    );
    return Number(count);
  }

  findLineage(query: LineageQuery): Promise<Page<LineageRecord>> {
    return this.database.read((db) => findLineage(db, this.database.dialect, query));
  }

  identity(): Promise<string> {
    return this.database.identity();
  }

  close(): Promise<void> {
    return this.database.close();
  }
}
