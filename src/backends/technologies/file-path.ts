import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireKnownParameters } from '../../ports/parts/url-parameters';
import type { Location } from './technology';

export interface FileLocation extends Location {
  readonly path: string;
}

export function fileLocation(
  [technology, scheme]: readonly [technology: string, scheme: string],
  ...of: Parameters<typeof filePath>
): FileLocation | undefined {
  const path = filePath(...of);
  return path === undefined ? undefined : { technology, key: `${scheme}:${path}`, shown: path, path };
}

/**
 * The absolute path in a URL: literal in `sqlite:a/b` and `sqlite:/a/b`, encoded in `sqlite:///a/b%20c`.
 *
 * @param what the kind of location, as `an SQLite file`
 * @throws SelvageError `InvalidUrl` if it has parameters
 */
function filePath(rest: string, projectDir: string, what: string): string | undefined {
  const [place, parameters] = rest.split(/\?(.*)/s) as [string, string?];
  if (parameters !== undefined)
    requireKnownParameters(
      new URLSearchParams(parameters),
      what,
      [],
      'A ? in the name of a file is written %3F, behind three slashes.',
    );
  if (place === '') return undefined;
  if (!rest.startsWith('//')) return path.resolve(projectDir, place);
  try {
    const url = new URL(`file:${place}`);
    return url.hash === '' ? fileURLToPath(url) : undefined;
  } catch {
    return undefined;
  }
}
