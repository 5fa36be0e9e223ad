import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import * as path from 'node:path';
import { SelvageError } from '../../../errors';
import type {
  CommitResult,
  LineageRecord,
  RunChange,
  RunEnd,
  RunHistory,
  RunRecord,
} from '../../../protocols';
import { changedRun, endedRun } from '../../shared/ended-run';
import { makeFolder } from '../../shared/writable';
import type { DuckDbInstanceLike, DuckDbValue } from './client';
import { plainRow, type Row } from './columns';
import { DuckDbDatabase, type Session } from './database';
import { historyInUse, selvageErrorOf } from './errors';
import { LineageWriter } from './lineage-writer';
import { openInstance, type DuckDbResources } from './load';
import { claimFile } from './open-files';
import { DuckDbRecords } from './records';
import { deleteRun, insertRun, updateRun } from './runs';
import { migrate } from './schema';

export type DuckDbRunHistoryOptions = DuckDbFileOptions | DuckDbInstanceOptions;

export interface DuckDbFileOptions extends DuckDbResources {
  /** The database file; it and its folder are made if they are not there. Relative to the working directory. */
  readonly path: string;
}

/** An instance of yours, which you close. It serves one history at a time, and no other process may have its file. */
export interface DuckDbInstanceOptions {
  readonly instance: DuckDbInstanceLike;
}

/**
 * Runs and lineage in one DuckDB file, which belongs to one process as long as this is open. Commits go in by DuckDB's appender; a commit
 * that has returned is on the disk, and survives a kill and a power cut.
 */
export class DuckDbRunHistory extends DuckDbRecords implements RunHistory {
  readonly technology = 'duckdb';
  readonly #database: DuckDbDatabase;
  /** By session, because what a writer knows of the tables holds for it alone. */
  readonly #writers = new WeakMap<Session, LineageWriter>();

  /** @internal Use {@link createDuckDbRunHistory}. */
  constructor(database: DuckDbDatabase) {
    super((sql, values) => database.query(sql, values), true);
    this.#database = database;
  }

  async commit(records: readonly LineageRecord[]): Promise<CommitResult[]> {
    if (records.length === 0) return [];
    const isNew = await this.#append(records);
    const lost = records.filter((_, index) => !isNew[index]);
    const standing = await this.#standing(lost);
    return records.map((record, index) =>
      isNew[index] ? { inserted: true, record } : { inserted: false, record: standing(record) },
    );
  }

  startRun(record: RunRecord): Promise<RunRecord> {
    return this.#database.write(({ writer }) => insertRun(writer, record));
  }

  endRun(temporalRunId: string, end: RunEnd): Promise<boolean> {
    return this.#database.write(({ writer }) =>
      updateRun(writer, temporalRunId, (run) => endedRun(run, end)),
    );
  }

  changeRun(temporalRunId: string, change: RunChange): Promise<boolean> {
    return this.#database.write(({ writer }) =>
      updateRun(writer, temporalRunId, (run) => changedRun(run, change)),
    );
  }

  deleteRun(temporalRunId: string): Promise<number | undefined> {
    return this.#database.write((session) => {
      this.#writerOf(session).forget(temporalRunId);
      return deleteRun(session.writer, temporalRunId);
    });
  }

  /** Rows of an SQL statement over the views `lineage` and `runs`, as of the analytical view; it must not write. */
  async query(sql: string, values: DuckDbValue[] = []): Promise<Row[]> {
    return (await this.#database.query(sql, values)).map(plainRow);
  }

  async identity(): Promise<string> {
    const [row] = await this.#database.query('select identity from selvage_identity');
    return row!['identity'] as string;
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #append(records: readonly LineageRecord[]): Promise<boolean[]> {
    let lineage: LineageWriter | undefined;
    return this.#database.write(
      (session) => {
        lineage = this.#writerOf(session);
        return lineage.append(records);
      },
      (isCommitted) => lineage?.settle(isCommitted),
    );
  }

  #writerOf(session: Session): LineageWriter {
    let writer = this.#writers.get(session);
    if (writer === undefined) {
      writer = new LineageWriter(session.writer);
      this.#writers.set(session, writer);
    }
    return writer;
  }

  /** By key, the records that stand. */
  async #standing(records: readonly LineageRecord[]): Promise<(record: LineageRecord) => LineageRecord> {
    const knots = new Map<string, string[]>();
    for (const { temporal_run_id, knot_id } of records) {
      const ofRun = knots.get(temporal_run_id);
      if (ofRun) ofRun.push(knot_id);
      else knots.set(temporal_run_id, [knot_id]);
    }
    const standing = new Map<string, LineageRecord>();
    for (const [run, ids] of knots) {
      for (const record of await this.getRecords(run, ids)) standing.set(keyOf(record), record);
    }
    return (record) => standing.get(keyOf(record))!;
  }
}

function keyOf({ temporal_run_id, knot_id }: LineageRecord): string {
  return `${temporal_run_id}\n${knot_id}`;
}

const instancesInUse = new WeakSet<DuckDbInstanceLike>();

/**
 * Opens the history.
 *
 * @throws SelvageError `HistoryInUse` (another process, or another part of this one, has the file), `DatabaseDamaged` (also: not a DuckDB
 * file), `UnreleasedData`, `SchemaTooNew`, `FolderUnusable`, `DiskFull`, `MissingPackage`
 */
export async function createDuckDbRunHistory(options: DuckDbRunHistoryOptions): Promise<DuckDbRunHistory> {
  const database =
    'instance' in options ? onInstance(options.instance) : await onFile(path.resolve(options.path), options);
  try {
    await database.open();
    return new DuckDbRunHistory(database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function onFile(file: string, resources: DuckDbResources): Promise<DuckDbDatabase> {
  await makeFolder(path.dirname(file));
  return new DuckDbDatabase({
    place: file,
    open: () => openOrMake(file, resources),
    prepare: (connection) => migrate(connection, file),
    owned: true,
    release: claimFile(file),
  });
}

function onInstance(instance: DuckDbInstanceLike): DuckDbDatabase {
  const place = 'of the given DuckDB instance';
  if (instancesInUse.has(instance)) throw historyInUse(place, 'by another part of this process');
  instancesInUse.add(instance);
  return new DuckDbDatabase({
    place,
    open: async () => instance,
    prepare: (connection) => migrate(connection, place),
    owned: false,
    release: () => void instancesInUse.delete(instance),
  });
}

/** Of a file that could not be made for want of space, DuckDB leaves a part, and would take it for damaged from then on. */
async function openOrMake(file: string, resources: DuckDbResources): Promise<DuckDbInstanceLike> {
  const isThere = existsSync(file);
  try {
    return await openInstance(file, resources);
  } catch (error) {
    if (!isThere && SelvageError.is(selvageErrorOf(error, file, 'open'), 'DiskFull'))
      await rm(file, { force: true });
    throw error;
  }
}
