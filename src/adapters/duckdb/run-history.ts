import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import * as path from 'node:path';
import { SelvageError } from '../../errors';
import type {
  CommitResult,
  LineageRecord,
  RequiredRecords,
  RunChange,
  RunEnd,
  RunHistory,
  RunRecord,
} from '../../ports';
import { changedRun, endedRun } from '../../ports/parts/ended-run';
import { makePrivateFile } from '../../node/private-files';
import { hasRequired } from '../../ports/parts/required-records';
import { makeFolder } from '../../node/writable';
import { append, nextId } from './append';
import type { DuckDbConnectionLike, DuckDbInstanceLike, DuckDbValue } from './client';
import { plainRow, storable, type Row } from './columns';
import { DuckDbDatabase } from './database';
import { historyInUse, selvageErrorOf } from './errors';
import { openInstance, type DuckDbResources } from './load';
import { claimFile } from './open-files';
import { DuckDbRecords, queryOf, type Query } from './records';
import { migrate } from './schema';

export type DuckDbRunHistoryOptions = DuckDbFileOptions | DuckDbInstanceOptions;

export interface DuckDbFileOptions extends DuckDbResources {
  /** The database file; it and its folder are created if missing. Relative to the working directory. */
  readonly path: string;
}

/** An instance that you open and close, for one history. No other process may open the file of the instance. */
export interface DuckDbInstanceOptions {
  readonly instance: DuckDbInstanceLike;
}

/**
 * Runs and lineage in one DuckDB file, which belongs to one process while it is open. A commit that has returned is on
 * the disk, and survives a kill and a power cut.
 */
export class DuckDbRunHistory extends DuckDbRecords implements RunHistory {
  readonly technology = 'duckdb';

  /** @internal Use {@link createDuckDbRunHistory}. */
  constructor(private readonly database: DuckDbDatabase) {
    super((sql, values) => database.query(sql, values));
  }

  /** As the only writer of the file, the history finds the existing keys and appends the other records. */
  commit(records: readonly LineageRecord[]): Promise<CommitResult[]> {
    return this.database.write(async (writer) => {
      const standing = await recordsWithKeysOf(records, queryOf(writer));
      const results = records.map((record): CommitResult => {
        const key = keyOf(record);
        const earlier = standing.get(key);
        if (earlier) return { inserted: false, record: earlier };
        standing.set(key, record);
        return { inserted: true, record };
      });
      const added = results.filter(({ inserted }) => inserted).map(({ record }) => record);
      if (added.length > 0) await append(writer, 'lineage', added, await nextId(writer, 'lineage'));
      return results;
    });
  }

  startRun(record: RunRecord): Promise<RunRecord> {
    return this.database.write(async (writer) => {
      const earlier = await runIn(writer, record.temporal_run_id);
      if (!earlier) await append(writer, 'runs', [record], await nextId(writer, 'runs'));
      return earlier ?? record;
    });
  }

  async endRun(temporalRunId: string, end: RunEnd, required?: RequiredRecords): Promise<boolean> {
    // The check is separate from the write: only one process has the file, so nobody can restore it in between.
    if (required && !(await hasRequired(this, temporalRunId, required))) return false;
    return await this.#update(temporalRunId, (run) => endedRun(run, end));
  }

  changeRun(temporalRunId: string, change: RunChange): Promise<boolean> {
    return this.#update(temporalRunId, (run) => changedRun(run, change));
  }

  deleteRun(temporalRunId: string): Promise<number | undefined> {
    return this.database.write(async (writer) => {
      const run = await runIn(writer, temporalRunId);
      if (run === undefined || run.status === 'running') return undefined;
      const records = await new DuckDbRecords(queryOf(writer)).countRecords(temporalRunId, '');
      for (const table of ['selvage_lineage', 'selvage_runs'])
        await writer.runAndReadAll(`delete from ${table} where temporal_run_id = ?`, [temporalRunId]);
      return records;
    });
  }

  /** Rows of an SQL statement that only reads the views `lineage` and `runs`, as in the analytical view. */
  async query(sql: string, values: DuckDbValue[] = []): Promise<Row[]> {
    return (await this.database.query(sql, values)).map(plainRow);
  }

  async identity(): Promise<string> {
    const [row] = await this.database.query('select identity from selvage_identity');
    return row!['identity'] as string;
  }

  async now(): Promise<number> {
    return Date.now();
  }

  close(): Promise<void> {
    return this.database.close();
  }

  #update(temporalRunId: string, change: (run: RunRecord) => RunRecord): Promise<boolean> {
    return this.database.write(async (writer) => {
      const run = await runIn(writer, temporalRunId);
      if (run === undefined) return false;
      const { plan_hash, terminals, status, finished_at, details } = change(run);
      await writer.runAndReadAll(
        'update selvage_runs set plan_hash = ?, terminals = ?, status = ?, finished_at = ?, details = ? where temporal_run_id = ?',
        [plan_hash, JSON.stringify(terminals), status, finished_at, JSON.stringify(details), temporalRunId],
      );
      return true;
    });
  }
}

function runIn(connection: DuckDbConnectionLike, temporalRunId: string): Promise<RunRecord | undefined> {
  return new DuckDbRecords(queryOf(connection)).getRunByTemporalId(temporalRunId);
}

async function recordsWithKeysOf(
  records: readonly LineageRecord[],
  query: Query,
): Promise<Map<string, LineageRecord>> {
  const knots = new Map<string, string[]>();
  for (const { temporal_run_id, knot_id } of records) {
    const ids = knots.get(temporal_run_id) ?? [];
    knots.set(temporal_run_id, ids);
    ids.push(storable('knot_id', knot_id));
  }
  const standing = new Map<string, LineageRecord>();
  for (const [run, ids] of knots)
    for (const record of await new DuckDbRecords(query).getRecords(run, ids))
      standing.set(keyOf(record), record);
  return standing;
}

function keyOf({ temporal_run_id, knot_id }: LineageRecord): string {
  return `${temporal_run_id}\n${knot_id}`;
}

const instancesInUse = new WeakSet<DuckDbInstanceLike>();

/**
 * Opens the history.
 *
 * @throws SelvageError `RunHistoryInUse` (by another process, or another part of this one), `DatabaseDamaged` (also if
 *   it is no DuckDB file), `UnreleasedData`, `SchemaTooNew`, `FolderUnusable`, `DiskFull`, `MissingPackage`
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
  makeFolder(path.dirname(file));
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

/** Without space for a new file, DuckDB leaves an incomplete file, which it would consider damaged from then on. */
async function openOrMake(file: string, resources: DuckDbResources): Promise<DuckDbInstanceLike> {
  const isThere = existsSync(file);
  try {
    const instance = await openInstance(file, resources);
    makePrivateFile(file);
    return instance;
  } catch (error) {
    if (!isThere && SelvageError.is(selvageErrorOf(error, file, 'open'), 'DiskFull'))
      await rm(file, { force: true });
    throw error;
  }
}
