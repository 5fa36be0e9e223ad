import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { flush, removeDatabase, setDatabaseAside } from '../../adapters/sqlite/repair';
import { locateBackends } from '../../backends';
import { SelvageError } from '../../errors';
import { databaseFiles, requireUnopened, serverFolder, withServerAtRest } from '../../server';
import { VERSION } from '../../version';
import { PostgresPrograms } from './postgres-programs';
import { copyDatabase, noteStepBack, onDisk } from './sqlite-copy';

/** Part of a backup: the embedded server's runs, or the data of a backend. */
export type BackedUp = 'server' | 'history' | 'store' | 'data' | 'largeData' | 'ledger';

interface BackupFile {
  readonly name: string;
  readonly holds: readonly BackedUp[];
  readonly size: number;
  readonly sha256: string;
}

export interface Backup {
  readonly version: 1;
  readonly selvage: string;
  /** When the backup began and ended, in milliseconds since the epoch: before the first file, and after the last. */
  readonly begunAt: number;
  readonly endedAt: number;
  readonly files: readonly BackupFile[];
  readonly leftOut?: readonly LeftOut[];
}

/** Values outside the backup, which need a copy of their own. */
interface LeftOut {
  readonly holds: BackedUp;
  readonly technology: string;
  readonly shown: string;
}

interface RestoredFile {
  readonly contains: readonly BackedUp[];
  /** For PostgreSQL, the address without secrets. */
  readonly file: string;
  /** New place of the previous file, if there was one. */
  readonly movedTo?: string;
}

interface BackupOptions {
  readonly projectDir: string;
  readonly folder: string;
  /** Environment variables of the backends. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Receives notes about slow steps. Default: nobody. */
  readonly log?: (message: string) => void;
}

const MANIFEST = 'backup.json';

const DUMP = 'postgres.dump';

/** Advice for backends that are neither in an SQLite file nor in PostgreSQL. */
const INSTEAD: Readonly<Record<string, string>> = {
  valkey: 'use the persistence of the server (RDB, AOF)',
  s3: 'use versions or replicas of the bucket',
  duckdb: 'copy the file while no process has it open',
  'local-disk': 'copy the folder, after the run history',
  memory: 'it ends with its process',
};

type Place = { readonly holds: BackedUp[] } & (
  { readonly file: string } | { readonly postgres: PostgresPrograms }
);

/**
 * Copies the databases of a project into a new folder while they are in use, each as of one moment: the embedded
 * server's, then the run history, plans and values. In this order, the history's copy has all that the server's copy
 * considers done. The values' copy has all that the history names, unless something is removed meanwhile.
 *
 * @throws SelvageError `BackupRefused` (other backends than SQLite files and PostgreSQL, nothing to copy, an
 * existing folder), `DiskFull`, `FolderUnusable`, `DatabaseDamaged`, `InvalidUrl`, `MissingPackage`
 */
export async function backUpProject(options: BackupOptions): Promise<Backup> {
  const { projectDir, log = () => {} } = options;
  const folder = path.resolve(options.folder);
  const { places, leftOut } = placesOf(options, 'backed up');
  const sources = places.filter((place) => 'postgres' in place || existsSync(place.file));
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
    for (const place of sources) {
      log(`Copying ${'postgres' in place ? place.postgres.shown : place.file}`);
      const name = nameOf('postgres' in place ? DUMP : place.file, files);
      const copy = path.join(draft, name);
      await ('postgres' in place ? place.postgres.dump(copy) : copyDatabase(place.file, copy));
      files.push({ name, holds: place.holds, ...(await measure(copy)) });
    }
    const backup: Backup = {
      version: 1,
      selvage: VERSION,
      begunAt,
      endedAt: Date.now(),
      files,
      ...(leftOut.length > 0 && { leftOut }),
    };
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
 * Replaces a project's databases by a backup, and keeps the old ones beside them. Checks and copies all of the
 * backup before the first replacement. The run history notes that it went back in time.
 *
 * @throws SelvageError `BackupDamaged`, `BackupRefused` (other backends), `ProjectInUse`, `DiskFull`,
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
  const { places } = placesOf(options, 'restored');
  const stamp = new Date().toISOString().replaceAll(':', '-').replace(/\..*$/, 'Z');
  const dumps: { from: string; holds: readonly BackedUp[]; postgres: PostgresPrograms }[] = [];
  const copies: { from: string; holds: readonly BackedUp[]; file: string; draft: string }[] = [];
  for (const { name, holds } of backup.files) {
    const place = places.find(
      (one) => one.holds.length === holds.length && holds.every((part) => one.holds.includes(part)),
    );
    const isDump = path.extname(name) === path.extname(DUMP);
    if (!place || 'postgres' in place !== isDump)
      throw refused(
        `${name} of the backup has the ${holds.join(', ')} of its project in one ${isDump ? 'database of PostgreSQL' : 'file'}, and ${projectDir} has not. Set ` +
          'SELVAGE_STORE, SELVAGE_HISTORY and SELVAGE_DATA as they were when the backup was made.',
        { projectDir, file: name },
      );
    const from = path.join(source, name);
    if ('postgres' in place) dumps.push({ from, holds, postgres: place.postgres });
    else copies.push({ from, holds, file: place.file, draft: `${place.file}.restoring` });
  }
  return await withServerAtRest(projectDir, stamp, async () => {
    const requireAtRest = async (): Promise<void> => {
      for (const { file } of copies) await requireUnopened(projectDir, databaseFiles(file));
      for (const { postgres } of dumps) await postgres.requireAtRest();
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
      const restored: RestoredFile[] = [];
      for (const { from, holds, postgres } of dumps) {
        const kept = `${from}.before-restore-${stamp}`;
        const isThere = await postgres.isThere();
        if (isThere) await postgres.dump(kept);
        log(`Restoring ${postgres.shown}`);
        await postgres.restore(from);
        if (holds.includes('history')) await postgres.noteStepBack(backup.begunAt);
        restored.push({ contains: holds, file: postgres.shown, ...(isThere && { movedTo: kept }) });
      }
      const files = onDisk(serverFolder(projectDir).root, () =>
        copies.map(({ holds, file, draft }): RestoredFile => {
          const isThere = existsSync(file);
          if (!isThere) {
            removeDatabase(file);
            renameSync(draft, file);
          }
          return {
            contains: holds,
            file,
            ...(isThere && { movedTo: setDatabaseAside(file, `before-restore-${stamp}`, draft) }),
          };
        }),
      );
      return { backup, files: [...restored, ...files] };
    } finally {
      for (const { draft } of copies) removeDatabase(draft);
    }
  });
}

/** Databases in copying order. Leaves out values in a bucket beside PostgreSQL: a bucket has its own means. */
function placesOf(
  { projectDir, environment = process.env }: BackupOptions,
  done: string,
): { readonly places: Place[]; readonly leftOut: LeftOut[] } {
  const { ledger, history, store, data, largeData } = locateBackends({ projectDir, environment });
  const found = new Map<string, Place>();
  const add = (key: string, part: BackedUp, place: () => Place): void => {
    const known = found.get(key) ?? place();
    known.holds.push(part);
    found.set(key, known);
  };
  const leftOut: LeftOut[] = [];
  const { database } = serverFolder(projectDir);
  add(database, 'server', () => ({ holds: [], file: database }));
  for (const [name, place] of Object.entries({ history, store, data, largeData, ledger })) {
    if (!place) continue;
    const part = name as BackedUp;
    const { technology, shown, path: file } = place;
    if (technology === 'sqlite' && file !== undefined) {
      add(file, part, () => ({ holds: [], file }));
    } else if (technology === 'postgres') {
      const postgres = new PostgresPrograms(environment[place.variable!]!);
      add(postgres.key, part, () => ({ holds: [], postgres }));
    } else if (technology === 's3' && history.technology === 'postgres') {
      leftOut.push({ holds: part, technology, shown });
    } else {
      const instead = INSTEAD[technology] ?? 'use what it has for this';
      throw refused(
        `The ${part} of this project is at ${shown}, and only SQLite files and PostgreSQL can be ${done}: ${instead}. Run history first, then values, with no gc, prune ` +
          'or scrub in between.',
        { part, technology },
      );
    }
  }
  return { places: [...found.values()], leftOut };
}

function nameOf(file: string, taken: readonly BackupFile[]): string {
  const { name, ext } = path.parse(file);
  const isTaken = (one: string): boolean => one === MANIFEST || taken.some((other) => other.name === one);
  for (let number = 1; ; number++) {
    const wanted = `${name}${number === 1 ? '' : `-${number}`}${ext}`;
    if (!isTaken(wanted)) return wanted;
  }
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

function refused(message: string, details: Record<string, unknown>): SelvageError {
  return new SelvageError('BackupRefused', message, { details });
}

function damaged(message: string, file: string, cause?: unknown): SelvageError {
  return new SelvageError(
    'BackupDamaged',
    `${message} Nothing was changed. Give the folder of another backup.`,
    { details: { file }, cause },
  );
}
