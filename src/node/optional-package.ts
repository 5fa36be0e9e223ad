/** Loads optional packages when they are needed. The error says what to install. */
import { SelvageError } from '../errors';

interface Need {
  /** The thing that needs the package, the subject of the message. */
  readonly by: string;
  /** Of `npm install`. Default: the package. */
  readonly install?: string;
  /** A sentence with an alternative. */
  readonly instead?: string;
}

/**
 * Loads a package, or a file of it, by `require`: `import()` does not work in a user's jest.
 *
 * @throws SelvageError `MissingPackage` if it is not installed, `BrokenPackage` if it throws, or lacks its
 * binary or another package
 */
export function loadOptional<Module>(file: string, { by, install, instead }: Need): Module {
  const name = packageOf(file);
  const remedy = `\`npm install ${install ?? name}\`.${instead === undefined ? '' : ` ${instead}`}`;
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- a package that need not be there
    return require(file) as Module;
  } catch (cause) {
    const details = { package: name };
    if (missingPackage(cause) === name) {
      const message = `${by} needs the package ${name}, which is not installed. Install it: ${remedy}`;
      throw new SelvageError('MissingPackage', message, { details, cause });
    }
    const [reason] = String((cause as Partial<Error> | undefined)?.message ?? cause).split('\n');
    const message = `${by} needs the package ${name}, which is installed and cannot be loaded: ${reason}. Install it anew, without \`--omit=optional\`: ${remedy}`;
    throw new SelvageError('BrokenPackage', message, { details, cause });
  }
}

/** The package, by the error of `require`, `import` or Yarn; undefined for files and other errors. */
export function missingPackage(error: unknown): string | undefined {
  if (!isNotFound(error)) return undefined;
  const found = /^Cannot find (?:module|package) '([^'./][^':]*)'|^Required package: (\S+)/m.exec(
    error.message,
  );
  return found ? packageOf(found[1] ?? found[2]!) : undefined;
}

export function isNotFound(error: unknown): error is Error {
  const { code, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') && typeof message === 'string';
}

function packageOf(file: string): string {
  return file.split('/', file.startsWith('@') ? 2 : 1).join('/');
}
