import { stat, statfs } from 'node:fs/promises';
import * as path from 'node:path';
import type {
  ChangesOptions,
  CommitResult,
  EmitterTable,
  HistoryChange,
  LeaseTable,
  LineageQuery,
  LineageRecord,
  RecordKey,
  Page,
  RecordedOutcome,
  StartLedger,
  StorageSpace,
  StoredValue,
} from '../../ports';
import { putValues } from './values';
import { SqliteEmitterTable } from './emitter-table';
import { SqliteStartLedger } from './start-ledger';
import { SqliteLeaseTable } from './lease-table';
import { readChanges } from '../../ports/parts/changes';
import { needsIndex } from '../sql/lineage-query';
import type { StatisticsTally } from '../../ports/parts/statistics-tally';
import { SqlRunHistory, type KnotStatisticsQuery } from '../sql/run-history';
import { openSqliteDatabase, type SqliteOptions } from './open';
import type { SqliteDatabase } from './database';
import { changesBehind, lastChange } from './changes';
import { tallyFigures } from './lineage-figures';
import { deleteRecords, LineageIndex } from './lineage-index';
import {
  cachedRecords,
  commitRecords,
  recordedOutcomes,
  recordsByKeys,
  referredValues,
} from './lineage-rows';
import { LastCommit } from './last-commit';

/** Runs and lineage in an SQLite database. */
export class SqliteRunHistory extends SqlRunHistory<SqliteDatabase> {
  readonly technology = 'sqlite';
  protected readonly numberOfChange = 'l.id';
  readonly #lastCommit = new LastCommit(this.watch);
  readonly #index = new LineageIndex(this.database);

  async commitWith(
    records: readonly LineageRecord[],
    values: readonly StoredValue[],
  ): Promise<CommitResult[]> {
    const results = await this.#lastCommit.followedBy((look) =>
      this.database.writeAtOnce((connection) => {
        look(connection);
        putValues(connection, values);
        return commitRecords(connection, records);
      }),
    );
    this.#index.noteCommit();
    return results;
  }

  findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>> {
    return this.database.readAtOnce((connection) => cachedRecords(connection, keys));
  }

  override getOutcomes(temporalRunId: string, knotIds: readonly string[]): Promise<RecordedOutcome[]> {
    return this.database.readAtOnce((connection) => recordedOutcomes(connection, temporalRunId, knotIds));
  }

  changes(options: ChangesOptions = {}): AsyncIterable<readonly HistoryChange[]> {
    const { place } = this.database;
    const read = (after: string | undefined): Promise<HistoryChange[]> =>
      this.database.readAtOnce((connection) =>
        changesBehind(connection, place, after, after !== options.after),
      );
    return readChanges(read, options);
  }

  recordsOf(knots: readonly RecordKey[]): Promise<LineageRecord[]> {
    return this.database.readAtOnce((connection) => recordsByKeys(connection, knots));
  }

  lastChange(): Promise<string | undefined> {
    return this.database.readAtOnce(lastChange);
  }

  async space(): Promise<StorageSpace> {
    const { file } = this.database;
    const sizes = await Promise.all(
      [file, `${file}-wal`].map(async (one) => (await stat(one).catch(() => undefined))?.size ?? 0),
    );
    // Not all file systems tell.
    const disk = await statfs(path.dirname(file)).catch(() => undefined);
    return { bytes: sizes[0]! + sizes[1]!, ...(disk && { freeBytes: disk.bavail * disk.bsize }) };
  }

  leasesBeside(): LeaseTable {
    return new SqliteLeaseTable(this.database);
  }

  emitterTableBeside(): EmitterTable {
    return new SqliteEmitterTable(this.database);
  }

  startLedgerBeside(): StartLedger {
    return new SqliteStartLedger(this.database);
  }

  protected override catchUp(): Promise<void> {
    return this.#index.catchUp();
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

  protected async tallyKnots(tally: StatisticsTally, query: KnotStatisticsQuery): Promise<void> {
    await this.#index.makeFigures();
    await this.database.readAtOnce((connection) => tallyFigures(connection, tally, query));
  }

  /** SQLite has one writer at a time. */
  protected lockStepsBack(): Promise<void> {
    return Promise.resolve();
  }

  protected deleteRecords(temporalRunId: string, limit: number): Promise<number> {
    return this.database.writeAtOnce((connection) => deleteRecords(connection, temporalRunId, limit));
  }

  override async close(): Promise<void> {
    await this.#index.close();
    await super.close();
  }
}

/** Throws the errors of {@link openSqliteDatabase}. */
export async function createSqliteRunHistory(options: SqliteOptions): Promise<SqliteRunHistory> {
  return new SqliteRunHistory(await openSqliteDatabase(options));
}
