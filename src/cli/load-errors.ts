import { SelvageError } from '../errors';

interface Located {
  /** `file:line` or `file:line:column`. */
  readonly at: string | undefined;
  readonly message: string;
}

/** Why a user's file could not be loaded, with the place in it. An authoring error keeps its code. */
export function whyNotLoadable(file: string, error: unknown): SelvageError {
  const { at, message } = locate(file, error);
  const details = { file, ...(at !== undefined && { at }) };
  if (SelvageError.is(error)) {
    return new SelvageError(error.code, at === undefined ? message : `${message} (${at})`, {
      details: { ...error.details, ...details },
      cause: error,
    });
  }
  return new SelvageError(
    'FileNotLoadable',
    `${file} could not be loaded. ${at ?? file}: ${message}${remedy(error)}`,
    {
      details,
      cause: error,
    },
  );
}

function locate(file: string, error: unknown): Located {
  if (!(error instanceof Error) && !isErrorLike(error))
    return { at: undefined, message: `it throws ${String(error)}` };
  const bundler = (error as BundlerError).errors?.[0];
  if (bundler?.text) {
    const { location } = bundler;
    const at = location ? `${location.file ?? file}:${location.line}:${location.column + 1}` : undefined;
    return { at, message: bundler.text };
  }
  const { name, message } = error;
  const [firstLine = ''] = message.split('\n');
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    const importer = (error as { requireStack?: string[] }).requireStack?.[0];
    return { at: importer, message: firstLine };
  }
  const at = placeIn(error.stack ?? '', file);
  return {
    at,
    message: SelvageError.is(error) ? message : `${name}: ${transformMessage(message) ?? firstLine}`,
  };
}

interface BundlerError {
  readonly errors?: readonly {
    readonly text?: string;
    readonly location?: { readonly file?: string; readonly line: number; readonly column: number } | null;
  }[];
}

/** An error of another realm. */
function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && typeof (error as Partial<Error>).message === 'string';
}

/** “Transform failed with 1 error:” and then a line for each. */
function transformMessage(message: string): string | undefined {
  return /^.*: ERROR: (.*)$/m.exec(message)?.[1];
}

/** The place in the user's file that a stack names: `file:line` at its head (a syntax error), else the first frame in it. */
function placeIn(stack: string, file: string): string | undefined {
  const from = stack.replaceAll('file://', '');
  const index = from.indexOf(`${file}:`);
  if (index < 0) return undefined;
  return /^:\d+(?::\d+)?/.exec(from.slice(index + file.length)) === null
    ? undefined
    : file + /^:\d+(?::\d+)?/.exec(from.slice(index + file.length))![0];
}

function remedy(error: unknown): string {
  const { code, message = '' } = error as { code?: string; message?: string };
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return '';
  const name = /^Cannot find (?:module|package) '([^'./][^']*)'/.exec(message)?.[1];
  if (name === undefined) return '. Check the path of the import.';
  const installed = name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
  return `. Install it: npm install ${installed}`;
}
