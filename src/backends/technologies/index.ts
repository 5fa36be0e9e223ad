import { SelvageError } from '../../errors';
import { duckdb } from './duckdb';
import { localDisk } from './local-disk';
import { memory } from './memory';
import { postgres } from './postgres';
import { s3 } from './s3';
import { sqlite } from './sqlite';
import type { Location, Port, Technology } from './technology';
import { valkey } from './valkey';

export type { OpenLocation, Location, Port, Technology } from './technology';

/** All technologies, in the order of messages. */
const TECHNOLOGIES: readonly Technology[] = [sqlite, postgres, duckdb, valkey, localDisk, s3, memory];

/** @throws SelvageError `InvalidUrl` if the port has no adapter for it */
export function placeOf(
  port: Port,
  url: string,
  projectDir: string,
): { readonly technology: Technology; readonly place: Location } {
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
  // The rest of the URL may contain a password; without a scheme, the whole text may be one.
  const shown = scheme === '' ? 'What was given' : `"${scheme}:…"`;
  return new SelvageError(
    'InvalidUrl',
    `${shown} is not an address of a ${port}. It can be ${forms.join(', ')}.`,
    { details: { port } },
  );
}
