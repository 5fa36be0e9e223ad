import type {
  CommitResult,
  LeaseTable,
  LineageQuery,
  LineageRecord,
  Page,
  RecordedOutcome,
  StoredValue,
} from '../../../protocols';
import { putValues } from '../../data-stores/sqlite/values';
import { SqliteLeaseTable } from '../../lease-tables/sqlite';
import { needsIndex } from '../../shared/sql/lineage-query';
import { SqlRunHistory } from '../../shared/sql/run-history';
import { openSqliteDatabase, type SqliteDatabase, type SqliteOptions } from '../../shared/sqlite';
import { deleteRecords, LineageIndex } from './lineage-index';
import { cachedRecords, commitRecords, recordedOutcomes } from './lineage-rows';
import { referredValues } from './referred-values';

/** Runs and lineage in an SQLite database. */
export class SqliteRunHistory extends SqlRunHistory<SqliteDatabase> {
  readonly technology = 'sqlite';
  readonly #index: LineageIndex;

  /** Closing the history closes the database with it. */
  constructor(database: SqliteDatabase) {
    super(database);
    this.#index = new LineageIndex(database);
  }

  async commitWith(
    records: readonly LineageRecord[],
    values: readonly StoredValue[],
  ): Promise<CommitResult[]> {
    const results = await this.database.writeAtOnce((connection) => {
      putValues(connection, values);
      return commitRecords(connection, records);
    });
    this.#index.noteCommit();
    return results;
  }

  findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>> {
    return this.database.readAtOnce((connection) => cachedRecords(connection, keys));
  }

  override getOutcomes(temporalRunId: string, knotIds: readonly string[]): Promise<RecordedOutcome[]> {
    return this.database.readAtOnce((connection) => recordedOutcomes(connection, temporalRunId, knotIds));
  }

  leasesBeside(): LeaseTable {
    return new SqliteLeaseTable(this.database);
  }

  override async findLineage(query: LineageQuery): Promise<Page<LineageRecord>> {
    if (needsIndex(query)) await this.#index.catchUp();
    return await super.findLineage(query);
  }

  override async findHashes(prefix: string, limit: number): Promise<string[]> {
    await this.#index.catchUp();
    return await super.findHashes(prefix, limit);
  }

  async referredTo(hashes: readonly string[]): Promise<Set<string>> {
    await this.#index.catchUp();
    return await this.database.readAtOnce((connection) => referredValues(connection, hashes));
  }

  protected deleteRecords(temporalRunId: string, limit: number): Promise<number> {
    return this.database.writeAtOnce((connection) => deleteRecords(connection, temporalRunId, limit));
  }

  override async close(): Promise<void> {
    await this.#index.close();
    await super.close();
  }
}

/** Errors as of {@link openSqliteDatabase}. */
export async function createSqliteRunHistory(options: SqliteOptions): Promise<SqliteRunHistory> {
  return new SqliteRunHistory(await openSqliteDatabase(options));
}
