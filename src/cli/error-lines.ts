import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { SelvageError } from '../errors';
import { shorten } from './format';
import { shownPath } from './shown-path';

const MAXIMUM_CAUSES = 5;
const MESSAGE_LENGTH = 500;
/** The package itself: its frames say nothing to a user. */
const OWN = ['lib', 'src'].map((folder) => path.resolve(__dirname, '../..', folder) + path.sep);
const PLACE = /(?:^|[\s(])((?:file:\/\/|\/|[A-Za-z]:\\)[^\s()]*):(\d+):(\d+)\)?$/;

/** An error and its causes, each in a line, with the place in the user's code that it comes from. */
export function errorLines(error: unknown): string[] {
  const lines: string[] = [];
  let at = error;
  for (let depth = 0; depth === 0 || (at !== undefined && depth < MAXIMUM_CAUSES); depth++) {
    const { name, message, stack, cause } = (at ?? {}) as Partial<Error>;
    const type = SelvageError.is(at) ? at.code : typeof name === 'string' ? name : typeof at;
    const text = typeof message === 'string' ? message : inspect(at);
    lines.push(`${depth === 0 ? '' : 'caused by '}${type}: ${shorten(text, MESSAGE_LENGTH)}`);
    const place = typeof stack === 'string' ? userPlace(stack) : undefined;
    if (place !== undefined) lines.push(`  at ${place}`);
    at = cause;
  }
  return lines;
}

/** The innermost `file:line:column` of a stack that is the user's: neither Node's, nor of an installed package, nor ours. */
export function userPlace(stack: string): string | undefined {
  for (const line of stack.split('\n')) {
    const [, where, row, column] = PLACE.exec(line) ?? [];
    if (where === undefined) continue;
    const file = where.startsWith('file://') ? fileURLToPath(where) : where;
    if (file.includes(`${path.sep}node_modules${path.sep}`) || OWN.some((own) => file.startsWith(own)))
      continue;
    return `${shownPath(file)}:${row}:${column}`;
  }
  return undefined;
}
