import { SelvageError } from '../../errors';
import { notStorable } from '../../ports/parts/not-storable';

const BUSY = 5;
const LOCKED = 6;
const CODE_NAMES: Readonly<Record<string, number>> = {
  SQLITE_ERROR: 1,
  SQLITE_PERM: 3,
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: LOCKED,
  SQLITE_NOMEM: 7,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_TOOBIG: 18,
  SQLITE_NOTADB: 26,
};

/** SQLite's primary result code, in any library's form; undefined for other errors. */
function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  if (typeof errcode === 'number') return errcode & 0xff; // node:sqlite
  if (typeof code === 'string') {
    // The library better-sqlite3 gives extended names such as SQLITE_IOERR_WRITE.
    const name = Object.keys(CODE_NAMES).find((known) => code === known || code.startsWith(`${known}_`));
    if (name !== undefined) return CODE_NAMES[name];
  }
  // libsql: ConnectionFailed("Unable to open connection to local database …: 14")
  const opening = /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(String(message));
  return opening === null ? undefined : Number(opening[1]) & 0xff;
}

/** Whether another connection holds the lock, so that a retry soon helps. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === BUSY || code === LOCKED;
}

/** Whether SQLite could not interpret parts of a damaged file. */
export function isUnreadable(error: unknown): boolean {
  const code = sqliteCode(error);
  return [CODE_NAMES['SQLITE_ERROR'], CODE_NAMES['SQLITE_CORRUPT'], CODE_NAMES['SQLITE_NOTADB']].some(
    (one) => one === code,
  );
}

export type SqliteActivity = 'open' | 'use';

/** Converts an error to Selvage's, naming the file; other errors than SQLite's are returned unchanged. */
export function selvageErrorOf(error: unknown, file: string, activity: SqliteActivity): unknown {
  const options = { details: { file }, cause: error };
  const reason = error instanceof Error ? error.message : String(error);
  switch (sqliteCode(error)) {
    case CODE_NAMES['SQLITE_FULL']:
      return new SelvageError(
        'DiskFull',
        `There is no space left to write to the database ${file}. Free some space; runs go on from where they are.`,
        options,
      );
    case CODE_NAMES['SQLITE_CORRUPT']:
    case CODE_NAMES['SQLITE_NOTADB']:
      return new SelvageError(
        'DatabaseDamaged',
        `The database ${file} is damaged or is not an SQLite database (${reason}). \`selvage doctor --repair\` keeps what can be read of it; or ` +
          'restore it from a backup, or move the file away to begin with an empty one.',
        options,
      );
    case CODE_NAMES['SQLITE_PERM']:
    case CODE_NAMES['SQLITE_READONLY']:
    case CODE_NAMES['SQLITE_CANTOPEN']:
      return new SelvageError(
        activity === 'open' ? 'FolderUnusable' : 'BackendUnavailable',
        `The database ${file} cannot be opened for writing (${reason}). Make the file and its folder writable for this user, or name another place.`,
        options,
      );
    case BUSY:
    case LOCKED:
      return new SelvageError(
        'BackendUnavailable',
        `The database ${file} is locked by another process that has not let go of it. Look for a program that holds it open, such as a database browser with an open transaction.`,
        options,
      );
    case CODE_NAMES['SQLITE_IOERR']:
    case CODE_NAMES['SQLITE_NOMEM']:
      return new SelvageError(
        'BackendUnavailable',
        `The database ${file} cannot be read or written (${reason}). Check the disk and the memory of this machine.`,
        options,
      );
    case CODE_NAMES['SQLITE_TOOBIG']:
      return notStorable(`The database ${file}`, reason, { file }, error);
    default:
      return error;
  }
}
