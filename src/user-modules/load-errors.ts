import { SelvageError } from '../errors';
import { isNotFound, missingPackage } from '../node/optional-package';

interface Located {
  /** The place of the error: `file:line:column`, `file:line` or the file alone. */
  readonly at?: string | undefined;
  readonly message: string;
}

/** The error of a file that cannot be loaded, with the position in the file; an authoring error keeps its code. */
export function whyNotLoadable(file: string, error: unknown): SelvageError {
  const { at, message } = locate(file, error);
  const details = { file, ...(at !== undefined && { at }) };
  if (SelvageError.is(error)) {
    return new SelvageError(error.code, at === undefined ? message : `${message} (${at})`, {
      details: { ...error.details, ...details },
      cause: error,
    });
  }
  const where = at === undefined || at === file ? '' : `${at}: `;
  return new SelvageError(
    'FileNotLoadable',
    `${file} could not be loaded. ${where}${message}${remedy(error)}`,
    {
      details,
      cause: error,
    },
  );
}

function locate(file: string, error: unknown): Located {
  if (!isErrorLike(error)) return { message: `It throws ${String(error)}, which is no error` };
  const { name, message, stack = '' } = error;
  // tsx's compiler writes “Transform failed with 1 error:”, then a line for each error.
  const compiler = /^(.+:\d+:\d+): ERROR: (.*)$/m.exec(message);
  if (compiler) return { at: compiler[1], message: `SyntaxError: ${compiler[2]}` };
  const [firstLine = ''] = message.split('\n');
  if (isNotFound(error)) {
    return { at: (error as { requireStack?: string[] }).requireStack?.[0], message: firstLine };
  }
  return { at: placeIn(stack, file), message: SelvageError.is(error) ? message : `${name}: ${firstLine}` };
}

/** Of any realm. */
function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && typeof (error as Partial<Error>).message === 'string';
}

const PLACE = /(?:^|[\s(])((?:\/|[A-Za-z]:\\)[^\s()]*:\d+(?::\d+)?)/gm;

/** The place that a stack names: a syntax error's head, else the first frame in the file. */
function placeIn(stack: string, file: string): string | undefined {
  const places = [...stack.replaceAll('file://', '').matchAll(PLACE)].map(([, place]) => place!);
  return places.find((place) => place.startsWith(`${file}:`));
}

function remedy(error: unknown): string {
  if (!isErrorLike(error)) return '';
  if (/Top-level await/i.test(error.message)) {
    return '. Only ES modules may: name the file .mts, or say "type": "module" in package.json.';
  }
  if (!isNotFound(error)) return '';
  const name = missingPackage(error);
  return name === undefined ? '. Check the path of the import.' : `. Install it: npm install ${name}`;
}
