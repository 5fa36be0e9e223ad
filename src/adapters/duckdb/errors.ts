import { SelvageError } from '../../errors';

export function historyInUse(file: string, by: string, cause?: unknown): SelvageError {
  return new SelvageError(
    'RunHistoryInUse',
    `The run history ${file} is in use ${by}. A DuckDB file is the history of one process at a time: end the other one, or name another file; several processes share a history on SQLite or Postgres.`,
    { details: { file }, cause },
  );
}

/** Whether DuckDB has given up the database, so that it must be opened again. */
export function isFatal(error: unknown): boolean {
  return /FATAL|database has been invalidated/i.test(messageOf(error));
}

/** Converts an error to Selvage's, naming the file; errors that are not the database's are returned unchanged. */
export function selvageErrorOf(error: unknown, file: string, activity: 'open' | 'use'): unknown {
  if (SelvageError.is(error)) return error;
  const reason = messageOf(error);
  const rule = RULES.find(({ pattern }) => pattern.test(reason));
  return rule ? rule.tell(file, shortened(reason), error, activity) : error;
}

interface Rule {
  readonly pattern: RegExp;
  tell(file: string, reason: string, cause: unknown, activity: 'open' | 'use'): SelvageError;
}

/** DuckDB has no error codes, only texts. The first rule that matches an error's text counts. */
const RULES: readonly Rule[] = [
  {
    pattern: /Could not set lock on file|Conflicting lock/,
    tell: (file, reason, cause) => {
      const holder = /\(PID (\d+)\)/.exec(reason)?.[1];
      return historyInUse(file, holder ? `by process ${holder}` : 'by another process', cause);
    },
  },
  {
    pattern: /No space left|disk quota|max_temp_directory_size/i,
    tell: (file, _, cause) =>
      new SelvageError(
        'DiskFull',
        `There is no space left to write to the run history ${file}. Free some space; runs go on from where they are.`,
        { details: { file }, cause },
      ),
  },
  {
    pattern: /version number \d+|newer version of DuckDB|storage version/i,
    tell: (file, reason, cause) =>
      new SelvageError(
        'SchemaTooNew',
        `The run history ${file} was written by another version of DuckDB than this one can read (${reason}). Install a newer @duckdb/node-api, or name another file.`,
        { details: { file }, cause },
      ),
  },
  {
    pattern: /not a valid DuckDB database|corrupt|checksum|Failed to load metadata|replaying WAL/i,
    tell: (file, reason, cause) =>
      new SelvageError(
        'DatabaseDamaged',
        `The run history ${file} is damaged or is not a DuckDB database (${reason}). Restore it from a backup, or move the file away to begin with an empty one.`,
        { details: { file }, cause },
      ),
  },
  {
    pattern: /IO Error|Out of Memory|FATAL|database has been invalidated|Connection Error/i,
    tell: (file, reason, cause, activity) =>
      new SelvageError(
        activity === 'open' ? 'FolderUnusable' : 'BackendUnavailable',
        activity === 'open'
          ? `The run history ${file} cannot be opened (${reason}). Make the file and its folder writable for this user, or name another place.`
          : `The run history ${file} cannot be read or written (${reason}). Check the disk and the memory of this machine.`,
        { details: { file }, cause },
      ),
  },
];

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The reason in one line, without DuckDB's advice for users of its command line. */
function shortened(reason: string): string {
  const [line = ''] = reason.split(/\n|However, you would be able/);
  return line.trim().slice(0, 300);
}
