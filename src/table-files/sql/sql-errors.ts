import { SelvageError } from '../../errors';
import type { QueryText } from './query-text';

interface DuckDbError {
  readonly type: string;
  readonly message: string;
  /** The byte of the statement; undefined if DuckDB does not know it. */
  readonly position?: number;
}

/** Reasons that lie outside of the query. */
const OUTSIDE = /^(?:IO|Internal|FATAL|Connection|HTTP|Interrupt)/i;

/**
 * Makes errors of DuckDB those of the query's author.
 *
 * @param offset where the query begins in the statement that has failed, in bytes; undefined if it was written anew
 */
export function sqlError(
  error: unknown,
  knot: string,
  query: QueryText,
  offset: number | undefined,
): unknown {
  const found = SelvageError.is(error) ? undefined : readError(error);
  if (!found || OUTSIDE.test(found.type)) return error;
  const { type, message, position } = found;
  if (type === 'Out of Memory') return outOfMemory(knot, message, error);
  const at = position === undefined || offset === undefined ? undefined : position - offset;
  const remedy =
    type === 'Permission' ? 'Allow the files and folders that it reads by `access`' : 'Correct the query';
  return invalidSql(knot, `is refused: ${message}. ${remedy}`, query, at, error);
}

/** @param what a sentence's end after "the query …" */
export function invalidSql(
  knot: string,
  what: string,
  query?: QueryText,
  byte?: number,
  cause?: unknown,
): SelvageError {
  const place = byte === undefined || byte < 0 ? undefined : query?.locate(byte);
  const where = place ? `, at line ${place.line}, column ${place.column},` : '';
  return new SelvageError('InvalidSql', `The query of knot "${knot}"${where} ${what}.`, {
    details: { knot, ...place },
    cause,
  });
}

function outOfMemory(knot: string, message: string, cause: unknown): SelvageError {
  const isSpill = message.includes('max_temp_directory_size');
  const what = isSpill
    ? 'needs more room on disk than it may take. Raise its option `spill`'
    : 'needs more memory than it may take. Raise its option `memory`, or lower `threads`';
  return new SelvageError('SqlOutOfMemory', `The query of knot "${knot}" ${what}, or make it smaller.`, {
    details: { knot, limit: isSpill ? 'spill' : 'memory' },
    cause,
  });
}

/** DuckDB gives its errors as JSON, and some as `Binder Error: …`. */
function readError(error: unknown): DuckDbError | undefined {
  // In a user's jest, errors of a native package are of another realm.
  const text = String((error as Partial<Error> | undefined)?.message);
  const start = text.indexOf('{"exception_type"');
  if (start >= 0) {
    const told = JSON.parse(text.slice(start)) as Record<string, string>;
    return makeError(told['exception_type']!, told['exception_message']!, told['position']);
  }
  const [, type, message] = /^([A-Z][\w ]*?) Error: ([^]*)/.exec(text) ?? [];
  return type === undefined ? undefined : makeError(type, message!);
}

/** What `json_serialize_sql` and `json_serialize_plan` answer for a text that is none. */
export function readRefusal(answer: string): DuckDbError | undefined {
  const told = JSON.parse(answer) as Record<string, unknown>;
  if (told['error'] !== true) return undefined;
  return makeError(String(told['error_type']), String(told['error_message']), told['position']);
}

function makeError(type: string, message: string, position?: unknown): DuckDbError {
  const line = message.replaceAll(/\s*\n\s*/g, '; ').replace(/[.!;\s]+$/, '');
  return { type, message: line, ...(position !== undefined && { position: Number(position) }) };
}
