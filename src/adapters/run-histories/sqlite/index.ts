import type {
  CommitResult,
  LineageQuery,
  LineageRecord,
  Page,
  RecordedOutcome,
  RunChange,
  RunEnd,
  RunHistory,
  RunQuery,
  RunRecord,
} from '../../../protocols';
import { openSqliteDatabase, type SqliteDatabase, type SqliteOptions } from '../../shared/sqlite';
import type { SqliteConnection } from '../../shared/sqlite/connection';
import { listed } from '../../shared/sqlite/listed';
import { LineageIndex } from './lineage-index';
import { findLineage, needsIndex } from './lineage-query';
import { cachedRecords, commitRecords, recordOf } from './lineage-rows';
import { referredValues } from './referred-values';
import { changeRun, endRun, insertRun, latestRun, listRuns, runByTemporalId } from './runs';

/** Runs and lineage in an SQLite database. */
export class SqliteRunHistory implements RunHistory {
  readonly technology = 'sqlite';
  /** Adapters on one database can share a transaction. */
  readonly database: SqliteDatabase;
  readonly #index: LineageIndex;

  /** Closing the history closes the database with it. */
  constructor(database: SqliteDatabase) {
    this.database = database;
    this.#index = new LineageIndex(database);
  }

  commit(records: readonly LineageRecord[]): Promise<CommitResult[]> {
    return this.commitWith(records, () => {});
  }

  /** Commits the records and does more in the same transaction, before them. */
  async commitWith(
    records: readonly LineageRecord[],
    work: (connection: SqliteConnection) => void,
  ): Promise<CommitResult[]> {
    const results = await this.database.writeAtOnce((connection) => {
      work(connection);
      return commitRecords(connection, records);
    });
    this.#index.noteCommit();
    return results;
  }

  startRun(record: RunRecord): Promise<RunRecord> {
    return this.database.write((db) => insertRun(db, record));
  }

  endRun(temporalRunId: string, end: RunEnd): Promise<boolean> {
    return this.database.write((db) => endRun(db, temporalRunId, end));
  }

  changeRun(temporalRunId: string, change: RunChange): Promise<boolean> {
    return this.database.write((db) => changeRun(db, temporalRunId, change));
  }

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
      let select = db.selectFrom('selvage_lineage').selectAll().where('temporal_run_id', '=', temporalRunId);
      if (knotIds !== undefined) {
        select = select.where('knot_id', 'in', listed(knotIds));
      }
      return select.execute();
    });
    return rows.map(recordOf);
  }

  async getOutcomes(temporalRunId: string, knotIds: readonly string[]): Promise<RecordedOutcome[]> {
    const rows = await this.database.read((db) =>
      db
        .selectFrom('selvage_lineage')
        .select(['knot_id', 'outcome', 'output_hash', 'output_size', 'extra'])
        .where('temporal_run_id', '=', temporalRunId)
        .where('knot_id', 'in', listed(knotIds))
        .execute(),
    );
    return rows.map((row) => ({ ...row, extra: JSON.parse(row.extra) }));
  }

  findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>> {
    return this.database.readAtOnce((connection) => cachedRecords(connection, keys));
  }

  async findLineage(query: LineageQuery): Promise<Page<LineageRecord>> {
    if (needsIndex(query)) await this.#index.catchUp();
    return await this.database.read((db) => findLineage(db, query));
  }

  async referredTo(hashes: readonly string[]): Promise<Set<string>> {
    await this.#index.catchUp();
    return await this.database.readAtOnce((connection) => referredValues(connection, hashes));
  }

  identity(): Promise<string> {
    return this.database.identity();
  }

  async close(): Promise<void> {
    await this.#index.close();
    await this.database.close();
  }
}

/** Errors as of {@link openSqliteDatabase}. */
export async function createSqliteRunHistory(options: SqliteOptions): Promise<SqliteRunHistory> {
  return new SqliteRunHistory(await openSqliteDatabase(options));
}
