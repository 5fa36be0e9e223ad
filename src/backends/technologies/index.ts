import { SelvageError } from '../../errors';
import { duckdb } from './duckdb';
import { localDisk } from './local-disk';
import { memory } from './memory';
import { postgres } from './postgres';
import { s3 } from './s3';
import { sqlite } from './sqlite';
import type { Place, Port, Technology } from './technology';
import { valkey } from './valkey';

export type { OpenPlace, Place, PlaceState, Port, Technology } from './technology';

/** In the order in which messages name them. */
const TECHNOLOGIES: readonly Technology[] = [sqlite, postgres, duckdb, valkey, localDisk, s3, memory];

/**
 * Reads the address of a backend.
 *
 * @throws SelvageError `InvalidUrl` for what that port has no adapter for
 */
export function placeOf(
  port: Port,
  url: string,
  projectDir: string,
): { readonly technology: Technology; readonly place: Place } {
  const colon = url.indexOf(':');
  const scheme = url.slice(0, Math.max(colon, 0));
  const technology = TECHNOLOGIES.find(({ schemes }) => schemes.includes(scheme));
  const place =
    technology?.forms[port] === undefined
      ? undefined
      : technology.parse({ scheme, rest: url.slice(colon + 1) }, projectDir);
  if (technology === undefined || place === undefined) throw invalid(port, scheme);
  return { technology, place };
}

function invalid(port: Port, scheme: string): SelvageError {
  const forms = TECHNOLOGIES.flatMap((technology) => technology.forms[port] ?? []);
  // What stands behind the scheme may hold a password; where there is no scheme, all of it may be one.
  const shown = scheme === '' ? 'What was given' : `"${scheme}:…"`;
  return new SelvageError(
    'InvalidUrl',
    `${shown} is not an address of a ${port}. It can be ${forms.join(', ')}.`,
    {
      details: { port },
    },
  );
}
