import {
  LINEAGE,
  type ChangesOptions,
  type Commit,
  type CommitResult,
  type DataStore,
  type FinishedKnot,
  type HistoryChange,
  type LeaseTable,
  type LineageQuery,
  type LineageRecord,
  type Page,
  type RecordedOutcome,
  type RecordKey,
  type RunHistory,
  type StartLedger,
  type Statistics,
  type StatisticsQuery,
  type StepBack,
  type StoredValue,
} from '../../ports';
import { addRunFigures, StatisticsTally } from '../../ports/parts/statistics-tally';
import { SqlDataStore } from './data-store';
import type { SqlDatabase, SqlExecutor } from './database';
import { SqlPartitionQueries } from './partitions';
import { findHashes, findLineage } from './lineage-query';
import { countRecords } from './required-records';
import { StepBackWatch } from './step-back';
import { runFigures, SqlRuns } from './runs';

/** Other writers may wait for such a transaction: some 50 ms in SQLite. */
const DELETED_AT_ONCE = 250;

const RUNS_AT_ONCE = 1_000;

export interface KnotStatisticsQuery extends StatisticsQuery {
  readonly by: 'definition' | 'knot';
}

/** Runs and lineage in an SQL database. Subclasses commit the records. */
export abstract class SqlRunHistory<D extends SqlDatabase> extends SqlRuns<D> implements RunHistory {
  protected readonly watch = new StepBackWatch((step) => this.#noteStepBack(step));
  readonly partitions = new SqlPartitionQueries(this.database, () => this.catchUp());

  onStepBack(listener: (step: StepBack, isFirst: boolean) => void): void {
    this.watch.onStepBack(listener);
  }

  async recordsBeforeRun(temporalRunIds: readonly string[]): Promise<LineageRecord[]> {
    const { database } = this;
    const rows = await database.read((db) =>
      db
        .selectFrom('selvage_lineage as l')
        .selectAll('l')
        .where(database.dialect.isOneOf('l.temporal_run_id', temporalRunIds))
        .where(this.numberOfChange, '<', (of) =>
          of
            .selectFrom('selvage_runs as r')
            .select('r.started_change')
            .whereRef('r.temporal_run_id', '=', 'l.temporal_run_id'),
        )
        .orderBy('l.id')
        .execute(),
    );
    return rows.map(LINEAGE.fromRow);
  }

  abstract recordsOf(knots: readonly RecordKey[]): Promise<LineageRecord[]>;

  async stepsBack(): Promise<StepBack[]> {
    return await this.database.read((db) =>
      db
        .selectFrom('selvage_steps_back')
        .select(['noticed_at', 'lost_after', 'lost_until', 'noticed_by'])
        .orderBy('id', 'desc')
        .limit(20)
        .execute(),
    );
  }

  /** Losses noticed after the last commit known to be lost belong to the same step back. */
  async #noteStepBack(noticed: Omit<StepBack, 'lost_after'>): Promise<{ step: StepBack; isFirst: boolean }> {
    return await this.database.write(async (db) => {
      await this.lockStepsBack(db);
      const known = await db
        .selectFrom('selvage_steps_back')
        .select(['noticed_at', 'lost_after', 'lost_until', 'noticed_by'])
        .where('noticed_at', '>', noticed.lost_until)
        .executeTakeFirst();
      if (known) return { step: known, isFirst: false };
      // Later commits of other processes came after the step back.
      const step = { ...noticed, lost_after: await this.lastCommitBefore(db, noticed.lost_until) };
      await db.insertInto('selvage_steps_back').values(step).execute();
      return { step, isFirst: true };
    });
  }

  /** The column that orders a record among the changes. */
  protected abstract readonly numberOfChange: 'l.id' | 'l.change';

  /** The time of the last commit that remains until `until`; 0 if there is none. */
  protected async lastCommitBefore(db: SqlExecutor, until: number): Promise<number> {
    const { last } = await db
      .selectFrom('selvage_lineage')
      .select((of) => of.fn.max('finished_at').as('last'))
      .where('finished_at', '<=', until)
      .executeTakeFirstOrThrow();
    return last ?? 0;
  }

  /** Brings the lineage index up to date, if it lags behind. */
  protected catchUp(): Promise<void> {
    return Promise.resolve();
  }

  /** A lock that keeps two processes from noting one step back at once. */
  protected abstract lockStepsBack(db: SqlExecutor): Promise<void>;

  commit(records: readonly LineageRecord[]): Promise<CommitResult[]> {
    return this.commitWith(records, []);
  }

  /** Puts values of one row each and commits the records, in one transaction. */
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
      // Large values take long, so they are stored before the records, without which they do no harm.
      const values = await dataStore.putLarge(commits.flatMap((commit) => commit.values));
      return await this.commitWith(
        commits.map((commit) => commit.record),
        values,
      );
    };
  }

  abstract leasesBeside(): LeaseTable;

  abstract startLedgerBeside(): StartLedger;

  findHashes(prefix: string, limit: number): Promise<string[]> {
    return this.database.read((db) => findHashes(db, this.database.dialect, prefix, limit));
  }

  abstract changes(options?: ChangesOptions): AsyncIterable<readonly HistoryChange[]>;

  abstract lastChange(): Promise<string | undefined>;

  async statistics(query: StatisticsQuery): Promise<Statistics[]> {
    const { by, since, until } = query;
    const tally = new StatisticsTally();
    if (by === 'tapestry') {
      const rows = await this.database.read((db) => runFigures(db, since, until));
      for (const row of rows) addRunFigures(tally, row);
    } else await this.tallyKnots(tally, { by, since, until });
    return tally.result();
  }

  /** Adds the figures of all knots that finished in the window. */
  protected abstract tallyKnots(tally: StatisticsTally, query: KnotStatisticsQuery): Promise<void>;

  abstract referredTo(hashes: readonly string[]): Promise<Set<string>>;

  async deleteRun(temporalRunId: string): Promise<number | undefined> {
    const run = await this.getRunByTemporalId(temporalRunId);
    if (run === undefined || run.status === 'running') return undefined;
    let deleted = 0;
    for (let some = DELETED_AT_ONCE; some === DELETED_AT_ONCE;) {
      some = await this.deleteRecords(temporalRunId, DELETED_AT_ONCE);
      deleted += some;
    }
    await this.deleteRow(run);
    return deleted;
  }

  /**
   * Removes some records of a run with their index entries. Returns the number of removed records; only the last call
   * returns less than `limit`.
   */
  protected abstract deleteRecords(temporalRunId: string, limit: number): Promise<number>;

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
    return rows.map(LINEAGE.fromRow);
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

  async finishedKnots(temporalRunIds: readonly string[]): Promise<FinishedKnot[]> {
    const found: FinishedKnot[] = [];
    for (let start = 0; start < temporalRunIds.length; start += RUNS_AT_ONCE) {
      const some = temporalRunIds.slice(start, start + RUNS_AT_ONCE);
      const rows = await this.database.read((db) =>
        db
          .selectFrom('selvage_lineage')
          .select(['temporal_run_id', 'knot_id', 'outcome', 'finished_at'])
          .where(this.database.dialect.isOneOf('temporal_run_id', some))
          // Only elements of maps have a bracket in their ids.
          .where('knot_id', 'not like', '%[%')
          .execute(),
      );
      for (const row of rows) found.push(row);
    }
    return found;
  }

  async countRecords(temporalRunId: string, prefix: string): Promise<number> {
    return await this.database.read((db) => countRecords(db, temporalRunId, prefix));
  }

  findLineage(query: LineageQuery): Promise<Page<LineageRecord>> {
    return this.database.read((db) => findLineage(db, this.database.dialect, query));
  }

  async now(): Promise<number> {
    const { dialect } = this.database;
    const { now } = await this.database.read((db) =>
      db.selectNoFrom(() => dialect.now().as('now')).executeTakeFirstOrThrow(),
    );
    return now;
  }
}
