import { SelvageError, capitalized } from '../../errors';
import { notStorable } from '../../ports/parts/not-storable';

/** Earlier versions of PostgreSQL lack `gen_random_uuid()`, and are no longer maintained. */
export const OLDEST_SERVER = 13;

const SOCKET_TROUBLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ECONNABORTED',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The texts of pg's errors that have no code. */
const LOST =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|is not queryable|Connection ended unexpectedly|stream was destroyed|server does not support SSL/i;

/** The SQLSTATE or errno of an error; undefined for other errors. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  // A host with several addresses gives one error for each address.
  return Array.isArray(errors) ? codeOf(errors[0]) : undefined;
}

export function isLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error && LOST.test(error.message);
  // SQLSTATE 08: a connection exception. 57P: the server shuts down or starts up, or dropped the database or an idle
  // session.
  return (
    SOCKET_TROUBLE.has(code) ||
    code.startsWith('08') ||
    code.startsWith('57P') ||
    code === '25P03' ||
    // A prepared statement is gone, or no longer fits a table that was migrated since.
    code === '26000' ||
    (code === '0A000' && /cached plan/.test(String((error as Error).message)))
  );
}

/** Whether the server was the primary when the connection was made, and is a standby now. */
export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === '25006';
}

/** Whether the error is a deadlock or a serialisation failure, so that the transaction must be repeated. */
export function isConflict(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** Converts an error to Selvage's, naming the place; other errors than Postgres's are returned unchanged. */
export function selvageErrorOf(error: unknown, place: string): unknown {
  if (SelvageError.is(error)) return error;
  const code = codeOf(error);
  const said = error instanceof Error && error.message !== '' ? error.message : String(code);
  const options = { details: { place, ...(code !== undefined && { reason: code }) }, cause: error };
  const unavailable = (what: string, isAway = false): SelvageError =>
    new SelvageError('BackendUnavailable', `${capitalized(place)} ${what}`, {
      ...options,
      ...(isAway && { details: { ...options.details, away: true } }),
    });
  switch (code) {
    case '53100':
      return new SelvageError(
        'DiskFull',
        `There is no space left to write to ${place}. Free some space on the server; runs go on from where they are.`,
        options,
      );
    case '28P01':
    case '28000':
      return unavailable(
        `does not let this user in (${said}). Check user and password of its address, PGPASSWORD, and pg_hba.conf of the server.`,
      );
    case '3D000':
      return unavailable(`does not exist (${said}). Make it with \`create database\`, or name another one.`);
    case '3F000':
      return unavailable(
        `has no such schema (${said}). Make it with \`create schema\`, or name another one by \`?schema=\`.`,
      );
    case '42501':
      return unavailable(
        `does not give this user the rights that Selvage needs (${said}). docs/adapters/postgres.md names them; \`selvage migrate\` by a user with more rights makes the tables.`,
      );
    case '25006':
      return unavailable(
        `is read-only (${said}). It may be a standby: name the primary, for example by \`?target_session_attrs=read-write\` of a proxy, or wait until it is promoted.`,
        true,
      );
    case '53300':
      return unavailable(
        `has no connection left (${said}). Lower \`?max=\` of the workers, raise max_connections, or put a pooler in front of it.`,
        true,
      );
    case '42P01':
    case '42703':
      return unavailable(
        `does not have Selvage's tables any more (${said}). Somebody has dropped or changed them: run \`selvage migrate --status\`.`,
      );
    case '57014':
      return unavailable(
        `did not finish a statement in time (${said}). It may be overloaded, or somebody holds a lock.`,
        true,
      );
    case '55P03':
      return unavailable(`is being migrated by somebody else, who has not finished in time (${said}).`);
    default:
      if (isLost(error))
        return unavailable(`cannot be reached or went away (${said}). It is asked again.`, true);
      if (isConflict(error))
        return unavailable(`was too busy with others' changes of the same rows (${said}).`);
      if (isFinal(code)) {
        const { detail } = error as { detail?: unknown };
        const what = typeof detail === 'string' && detail !== '' ? `${said} (${detail})` : said;
        return notStorable(capitalized(place), what, options.details, error);
      }
      // The server is out of memory or disk, or has an internal error.
      if (code !== undefined && /^(?:53|58|XX)/.test(code))
        return unavailable(`has trouble of its own (${said}). Its log tells more.`, true);
      return error;
  }
}

/**
 * Whether the server can never accept the data. SQLSTATE 22: a type cannot hold the data (22021, 22P05: invalid text;
 * 22001: too long; 22003: out of range). SQLSTATE 54: a limit, as for an index entry. SQLSTATE 23502 and 23514: a
 * constraint refuses the data.
 */
function isFinal(code: string | undefined): boolean {
  return code !== undefined && /^(?:22|54|23502|23514)/.test(code);
}
