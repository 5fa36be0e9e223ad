import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { SelvageError } from '../../errors';
import type { RunHistory } from '../../ports';
import type { DuckDbConnectionLike, DuckDbInstanceLike, DuckDbValue } from './client';
import { plainRow, type Row } from './columns';
import { DuckDbDatabase } from './database';
import { fillFrom, type RunSelection } from './fill';
import { openInstance, type DuckDbResources } from './load';
import { claimFile } from './open-files';
import { metadataOf, parquetFilesOf, viewParquet } from './parquet';
import { DuckDbRecords } from './records';
import { readMigrationState } from './schema';

/** The source to analyse: one of three kinds. */
export type AnalyticalSource =
  | {
      /** A folder with `lineage.parquet` and `runs.parquet` of `selvage history export`; queries read the files. */
      readonly parquet: string;
    }
  | {
      /** A run history of any technology; its content is copied to a temporary file, which `close` removes. */
      readonly history: RunHistory;
      /** Only these runs are copied, with all their lineage. Default: all. */
      readonly runs?: RunSelection;
    }
  | {
      /** A DuckDB file that no worker has open. */
      readonly duckdb: string;
    };

export type AnalyticalOptions = AnalyticalSource & DuckDbResources;

/**
 * Records for analysis: by SQL over the views `lineage` and `runs`, and by all queries of a run history.
 * Writes are refused with `RunHistoryReadOnly`.
 */
export class AnalyticalHistory extends DuckDbRecords implements RunHistory {
  readonly technology = 'duckdb';
  readonly #database: DuckDbDatabase;
  readonly #identity: () => Promise<string>;

  /** @internal Use {@link openAnalyticalHistory}. */
  constructor(database: DuckDbDatabase, identity: () => Promise<string>) {
    super((sql, values) => database.query(sql, values));
    this.#database = database;
    this.#identity = identity;
  }

  /**
   * Rows of an SQL statement in DuckDB's dialect, with `?` for the values. The views have the fields of the records.
   * The timestamps (UTC) `started` and `finished` are in both views, and `scheduled` in `lineage`.
   */
  async query(sql: string, values: DuckDbValue[] = []): Promise<Row[]> {
    return (await this.#database.query(sql, values)).map(plainRow);
  }

  /** The identity of the history that the records come from. */
  identity(): Promise<string> {
    return this.#identity();
  }

  async now(): Promise<number> {
    return Date.now();
  }

  async commit(): Promise<never> {
    return this.#refuse();
  }

  async startRun(): Promise<never> {
    return this.#refuse();
  }

  async endRun(): Promise<never> {
    return this.#refuse();
  }

  async changeRun(): Promise<never> {
    return this.#refuse();
  }

  async deleteRun(): Promise<never> {
    return this.#refuse();
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #refuse(): never {
    throw new SelvageError(
      'RunHistoryReadOnly',
      `The run history ${this.#database.place} is open for reading only. Give workers and clients one that can be written, by SELVAGE_HISTORY or openBackends.`,
      { details: { place: this.#database.place } },
    );
  }
}

/**
 * Opens records for analysis.
 *
 * @throws SelvageError `FileNotFound`, `FileNotLoadable`, `RunHistoryInUse`, `DatabaseDamaged`, `UnreleasedData`,
 *   `SchemaTooNew`, `MissingPackage`, and what the given history throws
 */
export async function openAnalyticalHistory(options: AnalyticalOptions): Promise<AnalyticalHistory> {
  if ('parquet' in options) return await overParquet(options.parquet, options);
  if ('duckdb' in options) return await overFile(path.resolve(options.duckdb), options);
  return await overCopy(options.history, options.runs ?? {}, options);
}

/** The copy of the history is a file, because it may exceed the memory. */
async function overCopy(
  history: RunHistory,
  runs: RunSelection,
  resources: DuckDbResources,
): Promise<AnalyticalHistory> {
  const identity = await history.identity();
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-analytical-'));
  const file = path.join(folder, 'copy.duckdb');
  return await opened(
    {
      place: file,
      open: () => openInstance(file, resources),
      prepare: async (connection) => void (await fillFrom(history, connection, runs)),
      release: () => rmSync(folder, { recursive: true, force: true }),
    },
    async () => identity,
  );
}

async function overParquet(folder: string, resources: DuckDbResources): Promise<AnalyticalHistory> {
  const files = parquetFilesOf(folder);
  let identity: string | undefined;
  return await opened(
    {
      place: path.resolve(folder),
      open: () => openInstance(':memory:', resources),
      async prepare(connection) {
        await viewParquet(connection, files);
        identity = await metadataOf(connection, files.lineage, 'selvage_history');
      },
    },
    async () => identity ?? `parquet:${path.basename(path.resolve(folder))}`,
  );
}

async function overFile(file: string, resources: DuckDbResources): Promise<AnalyticalHistory> {
  if (!existsSync(file)) {
    throw new SelvageError('FileNotFound', `There is no file ${file}. Check the path.`, {
      details: { file },
    });
  }
  let identity = '';
  return await opened(
    {
      place: file,
      open: () => openInstance(file, resources, 'READ_ONLY'),
      async prepare(connection) {
        identity = await readIdentity(connection, file);
      },
      release: claimFile(file),
    },
    async () => identity,
  );
}

async function readIdentity(connection: DuckDbConnectionLike, file: string): Promise<string> {
  const { pending } = await readMigrationState(connection, file);
  if (pending.length > 0) {
    throw new SelvageError(
      'FileNotLoadable',
      `${file} has no run history of this version of Selvage. Open it with a worker once, which brings its tables up to date, or name another file.`,
      { details: { file, migrations: pending } },
    );
  }
  const rows = await connection.runAndReadAll('select identity from selvage_identity');
  return rows.getRowObjectsJS()[0]!['identity'] as string;
}

interface Opening {
  readonly place: string;
  open(): Promise<DuckDbInstanceLike>;
  prepare(connection: DuckDbConnectionLike): Promise<void>;
  release?(): void;
}

async function opened(opening: Opening, identity: () => Promise<string>): Promise<AnalyticalHistory> {
  const database = new DuckDbDatabase({ ...opening, owned: true });
  try {
    await database.open();
    return new AnalyticalHistory(database, identity);
  } catch (error) {
    await database.close();
    throw error;
  }
}
