import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SelvageError } from '../errors';

export type BackendUrl =
  { readonly scheme: 'memory' } | { readonly scheme: 'sqlite' | 'file'; readonly path: string };

/** One database in the project's own folder. */
export const DEFAULT_URL = `sqlite:${path.join('.selvage', 'selvage.db')}`;

const FORMS = {
  'tapestry store': ['sqlite:PATH', 'memory:'],
  'run history': ['sqlite:PATH', 'memory:'],
  'data store': ['sqlite:PATH', 'file:FOLDER', 'memory:'],
  'lease table': ['sqlite:PATH', 'memory:'],
} as const;

/** Reads the address of a backend, and refuses what that port has no adapter for with `InvalidUrl`. */
export function parseBackendUrl(port: keyof typeof FORMS, url: string): BackendUrl {
  const colon = url.indexOf(':');
  const scheme = url.slice(0, colon);
  const rest = url.slice(colon + 1);
  if (scheme === 'memory' && rest === '') return { scheme };
  const isFile = scheme === 'file' && port === 'data store';
  if ((scheme === 'sqlite' || isFile) && rest !== '') return { scheme, path: pathOf(port, url, rest) };
  throw invalid(port, url);
}

/** `sqlite:a/b` and `sqlite:/a/b` are paths as they stand; `sqlite:///a/b%20c` is a URL like `file:///a/b%20c`. */
function pathOf(port: keyof typeof FORMS, url: string, rest: string): string {
  if (!rest.startsWith('//')) return rest;
  try {
    return fileURLToPath(`file:${rest}`);
  } catch (error) {
    throw invalid(port, url, error);
  }
}

function invalid(port: keyof typeof FORMS, url: string, cause?: unknown): SelvageError {
  // What stands after the scheme may hold a password.
  const shown = url.includes(':') ? `${url.slice(0, url.indexOf(':'))}:…` : url;
  return new SelvageError(
    'InvalidUrl',
    `"${shown}" is not an address of a ${port}. It can be ${FORMS[port].join(', ')}.`,
    { details: { port }, cause },
  );
}
