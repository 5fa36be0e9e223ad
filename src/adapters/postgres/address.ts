import { SelvageError } from '../../errors';
import { requireKnownParameters } from '../../ports/parts/url-parameters';

export interface PostgresAddress {
  /** The address for pg, without Selvage's own parameters. The address contains the password: never show it. */
  readonly connectionString: string;
  readonly shown: string;
  /** Settings in the server's form (`-c NAME=VALUE`). */
  readonly options: string | undefined;
  readonly schema: string | undefined;
  readonly migrate: boolean;
  readonly isReadOnly: boolean;
  readonly max: number | undefined;
}

const PARAMETERS_OF_PG = [
  'user',
  'password',
  'host',
  'port',
  'database',
  'options',
  'ssl',
  'sslmode',
  'sslcert',
  'sslkey',
  'sslrootcert',
  'sslnegotiation',
  'uselibpqcompat',
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
  'target_session_attrs',
];
const PARAMETERS = ['schema', 'migrate', 'access', 'max', ...PARAMETERS_OF_PG];

const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * Reads `postgres://user:password@host:port/database?…`. Selvage's own parameters are `schema`, `migrate=false`,
 * `access=read` and `max`; the other parameters are pg's. Throws `InvalidUrl`, without anything that may be a password.
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  const url = urlOf(text);
  requireKnownParameters(url.searchParams, 'a Postgres database', PARAMETERS);
  const take = (name: string): string | undefined => {
    const value = url.searchParams.get(name) ?? undefined;
    url.searchParams.delete(name);
    return value;
  };
  const schema = take('schema');
  if (schema !== undefined && !SCHEMA.test(schema))
    throw invalid('its schema is to be a name of small letters, digits and _');
  const migrate = take('migrate');
  if (migrate !== undefined && migrate !== 'true' && migrate !== 'false')
    throw invalid('migrate is to be true or false');
  const access = take('access');
  if (access !== undefined && access !== 'read') throw invalid('access is to be read, or left out');
  const max = take('max');
  if (max !== undefined && !/^[1-9]\d{0,3}$/.test(max))
    throw invalid('max is to be the largest number of connections');
  return {
    options:
      [take('options'), schema === undefined ? undefined : `-c search_path=${schema}`]
        .filter((part) => part !== undefined)
        .join(' ') || undefined,
    // The URL is now without Selvage's own parameters.
    connectionString: url.href,
    shown: shownPlace({
      host: decodeURIComponent(url.hostname) || (url.searchParams.get('host') ?? undefined),
      port: url.port,
      database: decodeURIComponent(url.pathname.slice(1)),
      user: decodeURIComponent(url.username),
    }),
    schema,
    migrate: migrate !== 'false' && access === undefined,
    isReadOnly: access === 'read',
    max: max === undefined ? undefined : Number(max),
  };
}

const LIBPQ = {
  host: 'PGHOST',
  port: 'PGPORT',
  database: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  options: 'PGOPTIONS',
  sslmode: 'PGSSLMODE',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslrootcert: 'PGSSLROOTCERT',
} as const;

/**
 * Returns an address as the environment of PostgreSQL's own programs, which refuse URLs with parameters of Selvage or
 * of pg. With the password. Throws `InvalidUrl`.
 */
export function libpqEnvironment(text: string): Record<string, string> {
  const { options } = parsePostgresUrl(text);
  const url = urlOf(text);
  const { hostname, port, username, password, pathname } = url;
  const said: Record<string, string | null | undefined> = {
    ...Object.fromEntries(url.searchParams),
    ...(hostname && { host: decodeURIComponent(hostname).replace(/^\[|\]$/g, '') }),
    ...(port && { port }),
    ...(username && { user: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 && { database: decodeURIComponent(pathname.slice(1)) }),
    options,
  };
  // This mode exists in pg only: encrypted, without verification of the server.
  if (said['sslmode'] === 'no-verify' || (!said['sslmode'] && said['ssl'] === 'true'))
    said['sslmode'] = 'require';
  return Object.fromEntries(
    Object.entries(LIBPQ).flatMap(([name, variable]) => (said[name] ? [[variable, said[name]]] : [])),
  );
}

/** A database's name for messages. */
export function shownPlace({
  host,
  port,
  database,
  user,
}: Partial<Record<'host' | 'port' | 'database' | 'user', string>>): string {
  const what = database ? `the database ${database}` : 'the Postgres database';
  const where = host ? ` at ${host}${port ? `:${port}` : ''}` : '';
  return `${what}${where}${user ? ` (user ${user})` : ''}`;
}

function urlOf(text: string): URL {
  try {
    const url = new URL(text);
    if (url.protocol === 'postgres:' || url.protocol === 'postgresql:') return url;
  } catch {
    // The error message of `URL` has the whole text in it.
  }
  throw invalid('it is to be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters %-encoded');
}

function invalid(why: string): SelvageError {
  return new SelvageError('InvalidUrl', `The address of a Postgres database cannot be understood: ${why}.`);
}
