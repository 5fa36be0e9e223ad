import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { copyFile, open as openFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { folderError } from '../../folder-error';
import { flush, removeDatabase, setDatabaseAside } from '../../adapters/sqlite/repair';
import { loadLibsql } from '../../adapters/sqlite/open';
import { selvageErrorOf } from '../../adapters/sqlite/errors';
import type { SqliteDatabaseLike } from '../../adapters/sqlite';
import { locateBackends, RESTORED } from '../../backends';
import { SelvageError } from '../../errors';
import { databaseFiles, requireUnopened, serverFolder, withServerAtRest } from '../../server';
import { VERSION } from '../../version';

/** The content of a backup's file: the runs of the embedded server, or the data of a backend. */
export type BackedUp = 'server' | 'history' | 'store' | 'data' | 'largeData' | 'ledger';

export interface BackupFile {
  /** Name within the backup's folder. */
  readonly name: string;
  readonly holds: readonly BackedUp[];
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** The content of `backup.json`. */
export interface Backup {
  readonly version: 1;
  /** Selvage's version. */
  readonly selvage: string;
  /** Milliseconds since the epoch: before the first file, and after the last. */
  readonly begunAt: number;
  readonly endedAt: number;
  readonly files: readonly BackupFile[];
}

export interface RestoredFile {
  readonly holds: readonly BackedUp[];
  readonly file: string;
  /** Where the previous file was moved. Absent if there was none. */
  readonly keptAs?: string;
}

export interface BackupOptions {
  readonly projectDir: string;
  /** The backup's folder. */
  readonly folder: string;
  /** Environment variables that configure the backends. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Receives notes about slow steps. Default: nobody. */
  readonly log?: (message: string) => void;
}

const MANIFEST = 'backup.json';
const LOCK_WAIT_MS = 10_000;
const LOG_HEADER_BYTES = 32;

/** The right tools for backends that are not in an SQLite file. */
const INSTEAD: Readonly<Record<string, string>> = {
  postgres: 'use pg_dump, or the backups of the server',
  valkey: 'use the persistence of the server (RDB, AOF)',
  s3: 'use versions or replicas of the bucket',
  duckdb: 'copy the file while no process has it open',
  'local-disk': 'copy the folder, after the run history',
  memory: 'it ends with its process',
};

/**
 * Copies the databases of a project into a new folder while they are in use. Each file is copied as of one
 * moment: the embedded server's first, then the run history, the plans and the values. So the history's copy
 * has everything that the server's copy considers done, and the values' copy everything that the history
 * names, as long as nothing is removed meanwhile.
 *
 * @throws SelvageError `BackupRefused`: backends are not in SQLite files, there is nothing to copy, or the
 *   folder already exists;
 * `DiskFull`, `FolderUnusable`, `DatabaseDamaged`, `InvalidUrl`, `MissingPackage`
 */
export async function backUpProject(options: BackupOptions): Promise<Backup> {
  const { projectDir, log = () => {} } = options;
  const folder = path.resolve(options.folder);
  const sources = [...databasesByPart(options, 'backed up')].filter(([file]) => existsSync(file));
  if (sources.length === 0)
    throw refused(`There is nothing to back up in ${projectDir}: no database is there.`, { projectDir });
  if (existsSync(folder))
    throw refused(`${folder} is there already. A backup makes a folder of its own: give another name.`, {
      folder,
    });
  const draft = `${folder}.part-${process.pid}`;
  const begunAt = Date.now();
  try {
    onDisk(draft, () => mkdirSync(draft, { recursive: true, mode: 0o700 }));
    const files: BackupFile[] = [];
    for (const [file, holds] of sources) {
      log(`Copying ${file}`);
      const name = nameOf(file, files);
      files.push({ name, holds, ...(await copyDatabase(file, path.join(draft, name))) });
    }
    const backup: Backup = { version: 1, selvage: VERSION, begunAt, endedAt: Date.now(), files };
    onDisk(draft, () => {
      const manifest = path.join(draft, MANIFEST);
      writeFileSync(manifest, `${JSON.stringify(backup, undefined, 2)}\n`, { mode: 0o600 });
      flush(manifest);
      renameSync(draft, folder);
    });
    return backup;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/**
 * Replaces a project's databases by a backup; the old ones are kept beside them. The backup is checked first,
 * and copied completely before the first database is replaced. The history notes that it went back in time.
 *
 * @throws SelvageError `BackupDamaged`; `BackupRefused` if the project has its backends elsewhere;
 *   `ProjectInUse`, `DiskFull`,
 * `FolderUnusable`, `UnreleasedData`, `InvalidUrl`
 */
export async function restoreProject(
  options: BackupOptions,
): Promise<{ readonly backup: Backup; readonly files: readonly RestoredFile[] }> {
  const { projectDir, log = () => {} } = options;
  const source = path.resolve(options.folder);
  const backup = readManifest(source);
  for (const file of backup.files) {
    log(`Checking ${path.join(source, file.name)}`);
    await requireWhole(source, file);
  }
  const places = databasesByPart(options, 'restored');
  const copies = backup.files.map(({ name, holds }) => {
    const [place] =
      [...places].find(
        ([, parts]) => parts.length === holds.length && holds.every((part) => parts.includes(part)),
      ) ?? [];
    if (place === undefined)
      throw refused(
        `${name} of the backup has the ${holds.join(', ')} of its project in one file, and ${projectDir} has not. Set SELVAGE_STORE, SELVAGE_HISTORY and ` +
          'SELVAGE_DATA as they were when the backup was made.',
        { projectDir, file: name },
      );
    return { holds, from: path.join(source, name), file: place, draft: `${place}.restoring` };
  });
  const stamp = new Date().toISOString().replaceAll(':', '-').replace(/\..*$/, 'Z');
  return await withServerAtRest(projectDir, stamp, async () => {
    const requireAtRest = async (): Promise<void> => {
      for (const { file } of copies) await requireUnopened(projectDir, databaseFiles(file));
    };
    await requireAtRest();
    try {
      for (const { holds, from, file, draft } of copies) {
        log(`Copying ${from}`);
        removeDatabase(draft);
        onDisk(draft, () => {
          mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
          copyFileSync(from, draft);
          chmodSync(draft, 0o600);
        });
        if (holds.includes('history')) await noteStepBack(draft, backup.begunAt);
        onDisk(draft, () => flush(draft));
      }
      await requireAtRest();
      const files = onDisk(serverFolder(projectDir).root, () =>
        copies.map(({ holds, file, draft }): RestoredFile => {
          const isThere = existsSync(file);
          if (!isThere) {
            removeDatabase(file);
            renameSync(draft, file);
          }
          return {
            holds,
            file,
            ...(isThere && { keptAs: setDatabaseAside(file, `before-restore-${stamp}`, draft) }),
          };
        }),
      );
      return { backup, files };
    } finally {
      for (const { draft } of copies) removeDatabase(draft);
    }
  });
}

/** The files of a project's databases, in copying order, with their content. */
function databasesByPart(
  { projectDir, environment = process.env }: BackupOptions,
  done: string,
): Map<string, BackedUp[]> {
  const { ledger, history, store, data, largeData } = locateBackends({ projectDir, environment });
  const found = new Map<string, BackedUp[]>([[serverFolder(projectDir).database, ['server']]]);
  for (const [part, place] of Object.entries({ history, store, data, largeData, ledger })) {
    if (!place) continue;
    if (place.technology !== 'sqlite' || place.path === undefined) {
      const instead = INSTEAD[place.technology] ?? 'use what it has for this';
      throw refused(
        `The ${part} of this project is at ${place.shown}, and only SQLite files can be ${done}: ${instead}. Run history first, then values, with no gc, prune ` +
          'or scrub in between.',
        { part, technology: place.technology },
      );
    }
    found.set(place.path, [...(found.get(place.path) ?? []), part as BackedUp]);
  }
  return found;
}

function nameOf(file: string, taken: readonly BackupFile[]): string {
  const { name, ext } = path.parse(file);
  const isTaken = (one: string): boolean => one === MANIFEST || taken.some((other) => other.name === one);
  for (let number = 1; ; number++) {
    const wanted = `${name}${number === 1 ? '' : `-${number}`}${ext}`;
    if (!isTaken(wanted)) return wanted;
  }
}

/**
 * Copies a database as of one moment, whoever uses it. While a connection reads, nobody moves later commits
 * into the file, and nobody restarts the log before its content is in the file. So the file and then the log,
 * copied during that time, are consistent. (SQLite's `vacuum into` cannot write Temporal's tables.)
 */
async function copyDatabase(file: string, copy: string): Promise<Pick<BackupFile, 'size' | 'sha256'>> {
  const connection = await open(file);
  let source: FileHandle | undefined;
  try {
    connection.exec('begin; select count(*) from sqlite_schema');
    source = await openFile(file);
    await pipeline(source.createReadStream({ autoClose: false }), createWriteStream(copy, { mode: 0o600 }));
    await copyLog(`${file}-wal`, `${copy}-wal`);
    connection.exec('commit');
  } catch (error) {
    throw SelvageError.is(error) ? error : diskError(error, file, copy);
  } finally {
    connection.close();
    // Not earlier: closing a file releases all locks of this process on it, by which others know that the
    // database is in use.
    await source?.close();
  }
  await withoutLog(copy);
  onDisk(copy, () => {
    chmodSync(copy, 0o600);
    flush(copy);
  });
  return await measure(copy);
}

/**
 * If the log is restarted meanwhile, the copy may mix old and new pages, so it is repeated. That happens at
 * most once while somebody reads, as the new log's content cannot be moved into the file.
 */
async function copyLog(log: string, copy: string): Promise<void> {
  do {
    if (!existsSync(log)) return;
    await copyFile(log, copy);
  } while (!beginningOf(log).equals(beginningOf(copy)));
}

/** The header of a log, which differs each time that it is restarted. */
function beginningOf(log: string): Buffer {
  const header = Buffer.alloc(LOG_HEADER_BYTES);
  const descriptor = openSync(log, 'r');
  try {
    return header.subarray(0, readSync(descriptor, header, 0, LOG_HEADER_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Executes statements without preparing them: libsql leaves finalising those to the garbage collector, and
 * the file stays in use until then.
 */
async function open(file: string): Promise<SqliteDatabaseLike> {
  const Database = loadLibsql();
  try {
    return new Database(file, { timeout: LOCK_WAIT_MS });
  } catch (error) {
    throw selvageErrorOf(error, file, 'use');
  }
}

/** Moves the log beside a copy into it, and turns the log off: the next opening turns it on again. */
async function withoutLog(copy: string): Promise<void> {
  const connection = await open(copy);
  try {
    connection.exec('pragma journal_mode = delete');
  } catch (error) {
    throw selvageErrorOf(error, copy, 'use');
  } finally {
    connection.close();
  }
  for (const rest of databaseFiles(copy).slice(1)) rmSync(rest, { force: true });
}

/** An error of SQLite, or of the file system. */
function diskError(error: unknown, file: string, copy: string): unknown {
  const told = selvageErrorOf(error, file, 'use');
  return SelvageError.is(told) ? told : folderError(error, path.dirname(copy));
}

async function measure(file: string): Promise<Pick<BackupFile, 'size' | 'sha256'>> {
  const hash = createHash('sha256');
  let size = 0;
  await pipeline(createReadStream(file), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.byteLength;
    }
  });
  return { size, sha256: hash.digest('hex') };
}

function readManifest(folder: string): Backup {
  let text: string;
  try {
    text = readFileSync(path.join(folder, MANIFEST), 'utf8');
  } catch (cause) {
    throw damaged(`${folder} is no backup: it has no ${MANIFEST} that can be read.`, folder, cause);
  }
  try {
    const backup = JSON.parse(text) as Backup;
    if (backup.version !== 1)
      throw damaged(`${folder} was made by a newer version of Selvage (${backup.selvage}).`, folder);
    const isOurs = backup.files.every(({ name, holds }) => path.basename(name) === name && holds.length > 0);
    if (isOurs && backup.files.length > 0) return backup;
  } catch (error) {
    if (SelvageError.is(error)) throw error;
  }
  throw damaged(`${path.join(folder, MANIFEST)} does not say what is in the backup.`, folder);
}

async function requireWhole(folder: string, { name, size, sha256 }: BackupFile): Promise<void> {
  const file = path.join(folder, name);
  let found: Pick<BackupFile, 'size' | 'sha256'>;
  try {
    found = await measure(file);
  } catch (cause) {
    throw damaged(`${file} of the backup cannot be read.`, file, cause);
  }
  if (found.size !== size)
    throw damaged(`${file} has ${found.size} bytes, and had ${size} when the backup was made.`, file);
  if (found.sha256 !== sha256) throw damaged(`${file} has been changed since the backup was made.`, file);
}

/** Records that later commits were removed on purpose, for whoever looks for them. */
async function noteStepBack(file: string, backedUpAt: number): Promise<void> {
  const connection = await open(file);
  try {
    const now = Date.now();
    connection.exec(
      `insert into selvage_steps_back (noticed_at, lost_after, lost_until, noticed_by) values (${now}, ${backedUpAt}, ${now}, '${RESTORED}')`,
    );
  } catch (error) {
    throw selvageErrorOf(error, file, 'use');
  } finally {
    connection.close();
  }
}

function onDisk<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw SelvageError.is(error) ? error : folderError(error, file);
  }
}

function refused(message: string, details: Record<string, unknown>): SelvageError {
  return new SelvageError('BackupRefused', message, { details });
}

function damaged(message: string, file: string, cause?: unknown): SelvageError {
  return new SelvageError(
    'BackupDamaged',
    `${message} Nothing was changed. Give the folder of another backup.`,
    {
      details: { file },
      cause,
    },
  );
}
