import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { SelvageError } from '../../errors';
import { LINEAGE, RUN, type RunHistory } from '../../ports';
import { folderError } from '../../node/folder-error';
import type { DuckDbConnectionLike } from './client';
import { selvageErrorOf } from './errors';
import { fillFrom, type Filled, type RunSelection } from './fill';
import { openInstance, type DuckDbResources } from './load';

const FILES = { lineage: 'lineage.parquet', runs: 'runs.parquet' } as const;

export interface ExportOptions extends DuckDbResources {
  /** The folder of the two files; created if missing. Files of an earlier export are replaced. */
  readonly folder: string;
  /** Only these runs are exported, with all their lineage; by default, the whole history is. */
  readonly runs?: RunSelection;
}

export interface ExportedHistory extends Filled {
  /** Absolute paths. */
  readonly files: { readonly lineage: string; readonly runs: string };
}

/**
 * Writes a history of any technology to `lineage.parquet` and `runs.parquet`: the fields of the records, oldest first,
 * objects and lists as JSON text, times as milliseconds since the epoch. Readers never see a partial file; repeating
 * the call replaces both. During the export, the folder needs the space of both files twice.
 *
 * @throws SelvageError `FolderUnusable`, `DiskFull`, `MissingPackage`, and what the history throws
 */
export async function exportHistory(history: RunHistory, options: ExportOptions): Promise<ExportedHistory> {
  const folder = path.resolve(options.folder);
  const work = await workFolder(folder);
  try {
    const filled = await writeFiles(history, work, options);
    const files = { lineage: path.join(folder, FILES.lineage), runs: path.join(folder, FILES.runs) };
    for (const name of Object.values(FILES)) await rename(path.join(work, name), path.join(folder, name));
    return { ...filled, files };
  } catch (error) {
    throw isSystemError(error) ? folderError(error, folder) : selvageErrorOf(error, folder, 'use');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The work folder is inside the folder itself, so that renaming moves a file out of it. */
async function workFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return await mkdtemp(path.join(folder, '.selvage-export-'));
  } catch (error) {
    throw folderError(error, folder);
  }
}

async function writeFiles(history: RunHistory, work: string, options: ExportOptions): Promise<Filled> {
  // The copy of the history is in a file, because it may exceed the memory.
  const instance = await openInstance(path.join(work, 'scratch.duckdb'), options);
  try {
    const connection = await instance.connect();
    const filled = await fillFrom(history, connection, options.runs ?? {});
    const about = { selvage_history: await history.identity(), selvage_export: randomUUID() };
    await copy(connection, LINEAGE.names, 'finished_at', 'lineage', work, about);
    await copy(connection, RUN.names, 'started_at', 'runs', work, about);
    connection.closeSync();
    return filled;
  } finally {
    instance.closeSync();
  }
}

async function copy(
  connection: DuckDbConnectionLike,
  columns: readonly string[],
  time: string,
  table: keyof typeof FILES,
  folder: string,
  about: Readonly<Record<string, string>>,
): Promise<void> {
  const metadata = Object.entries(about)
    .map(([name, value]) => `${name}: ${sqlText(value)}`)
    .join(', ');
  await connection.runAndReadAll(
    `copy (select ${columns.join(', ')} from selvage_${table} order by ${time}, id) to ${sqlText(path.join(folder, FILES[table]))}
     (format parquet, compression zstd, kv_metadata {${metadata}})`,
  );
}

interface ParquetFiles {
  readonly lineage: string;
  readonly runs: string;
}

/** @throws SelvageError `FileNotFound` */
export function parquetFilesOf(folder: string): ParquetFiles {
  const files = { lineage: path.resolve(folder, FILES.lineage), runs: path.resolve(folder, FILES.runs) };
  for (const file of Object.values(files)) {
    if (existsSync(file)) continue;
    throw new SelvageError(
      'FileNotFound',
      `There is no file ${file}. Name the folder that \`selvage history export --to\` has written.`,
      { details: { file } },
    );
  }
  return files;
}

export async function viewParquet(connection: DuckDbConnectionLike, files: ParquetFiles): Promise<void> {
  const exports = await Promise.all(
    [files.lineage, files.runs].map((file) => metadataOf(connection, file, 'selvage_export')),
  );
  if (exports[0] !== exports[1]) {
    throw new SelvageError(
      'FileNotLoadable',
      `${files.lineage} and ${files.runs} are of two exports: one was broken off between them. Export again.`,
      { details: files as unknown as Record<string, unknown> },
    );
  }
  for (const [view, file] of Object.entries(files)) {
    await connection.runAndReadAll(
      `create view selvage_${view} as
       select file_row_number as id, * exclude (file_row_number) from read_parquet(${sqlText(file)}, file_row_number = true)`,
    );
  }
}

/** The metadata that an export has written beside the rows; undefined for a file of other origin. */
export async function metadataOf(
  connection: DuckDbConnectionLike,
  file: string,
  name: 'selvage_export' | 'selvage_history',
): Promise<string | undefined> {
  const rows = await connection.runAndReadAll(
    `select decode(value) as value from parquet_kv_metadata(${sqlText(file)}) where decode(key) = ?`,
    [name],
  );
  return rows.getRowObjectsJS()[0]?.['value'] as string | undefined;
}

function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException)?.syscall === 'string';
}
