import { SelvageError } from '../../errors';
import { requireKnownParameters } from '../../ports/parts/url-parameters';

/** A server, the credentials for it, and the prefix of our keys on that server. */
export interface ValkeyAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
  readonly tls: boolean;
  readonly prefix: string;
  /** How long a value lasts after its last put, in milliseconds; undefined: forever. */
  readonly ttl?: number;
}

export const DEFAULT_PREFIX = 'selvage';

const FORM = 'valkey://[user:password@]host[:port][/database][?prefix=NAME&ttl=30d]';
const SCHEMES: Readonly<Record<string, { readonly tls: boolean }>> = {
  'valkey:': { tls: false },
  'redis:': { tls: false },
  'valkeys:': { tls: true },
  'rediss:': { tls: true },
};
const PARAMETERS = ['prefix', 'ttl'];
const PREFIX = /^[A-Za-z0-9_.:/-]{1,100}$/;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Parses `valkey://…` and `valkeys://…` (TLS), or `redis://…` and `rediss://…`, which mean the same. Throws
 * `InvalidUrl`, with nothing of the URL, which may hold a password.
 */
export function parseValkeyUrl(text: string): ValkeyAddress {
  const url = urlOf(text);
  const tls = SCHEMES[url.protocol]?.tls;
  if (tls === undefined) throw invalid('it begins with another scheme');
  requireKnownParameters(url.searchParams, 'a Valkey server', PARAMETERS);
  const ttl = url.searchParams.get('ttl');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1',
    port: Number(url.port || 6379),
    ...(url.username !== '' && { username: decoded(url.username) }),
    ...(url.password !== '' && { password: decoded(url.password) }),
    database: databaseOf(url.pathname),
    tls,
    prefix: requirePrefix(url.searchParams.get('prefix') ?? DEFAULT_PREFIX),
    ...(ttl !== null && { ttl: lifetimeOf(ttl) }),
  };
}

export function requirePrefix(prefix: string): string {
  if (PREFIX.test(prefix)) return prefix;
  throw invalid('its prefix is not 1 to 100 letters, digits, or one of _ . : / -');
}

/** Throws `InvalidUrl`. */
export function requireLifetime(ttl: number): number {
  if (Number.isSafeInteger(ttl) && ttl >= 1_000) return ttl;
  throw invalid('its ttl is not a whole number of milliseconds of at least a second');
}

export function shownAddress({ host, port, database, tls }: ValkeyAddress): string {
  const at = host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'valkeys' : 'valkey'}://${at}:${port}${database === 0 ? '' : `/${database}`}`;
}

function urlOf(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The error of `URL` contains the address.
    throw invalid('it is no URL');
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(
      'its user or password has a % that is not followed by two hexadecimal digits (write %25 for %)',
    );
  }
}

function databaseOf(path: string): number {
  if (path === '' || path === '/') return 0;
  const match = /^\/(\d{1,6})$/.exec(path);
  if (match === null) throw invalid('what follows the host is not the number of a database');
  return Number(match[1]);
}

function lifetimeOf(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text);
  if (match === null) throw invalid('its ttl is not a number followed by s, m, h or d');
  return requireLifetime(Number(match[1]) * UNITS_MS[match[2]!]!);
}

function invalid(why: string): SelvageError {
  return new SelvageError(
    'InvalidUrl',
    `The address of a Valkey server cannot be understood: ${why}. Write ${FORM}.`,
  );
}
