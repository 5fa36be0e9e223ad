import { SelvageError } from '../errors';
import { duration, shown, type Check, type Checks } from '../authoring/checks';
import { readOptions } from '../authoring/options';
import { durationMs, type Duration } from '../values/duration';
import { StreamingSource } from './source';

export interface FileTailOptions {
  /** A path or several paths. `*` and `?` in the last part match all files of that folder, also later ones. */
  readonly path: string | readonly string[];
  /** An encoding such as `utf-8` (default), `utf-16le`, `windows-1252`. Invalid bytes become U+FFFD. */
  readonly encoding?: string;
  /** Where reading begins in files that exist at the first start of the stream. Default `beginning`. */
  readonly from?: 'beginning' | 'end';
  /** Time between two looks at files without a change reported by the system. Default 500 ms. */
  readonly poll?: Duration;
  /** Longest line in bytes; a longer line comes in pieces of this size. Default 1 MiB. */
  readonly maxLine?: number;
  /** Time without growth after which a renamed or deleted file is closed. Default 60 s. */
  readonly leaveAfter?: Duration;
}

export interface FileTailSettings extends Required<Omit<FileTailOptions, 'path' | 'poll' | 'leaveAfter'>> {
  readonly paths: readonly string[];
  /** Milliseconds, like `leaveAfter`. */
  readonly poll: number;
  readonly leaveAfter: number;
}

const MIB = 1024 * 1024;
const OWNER = 'FileTailSource';

const whole =
  (least: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : `must be a whole number, ${least} or more`;
const isPath: Check = (value) => {
  const paths: unknown[] = Array.isArray(value) ? value : [value];
  if (paths.length === 0 || paths.some((path) => typeof path !== 'string' || path === ''))
    return 'must be a path, or a list of paths';
  const odd = paths.find((path) => /[*?].*[\\/]/.test(path as string));
  return odd === undefined ? undefined : 'may have * and ? in the last part of a path only';
};

const CHECKS: Checks<FileTailOptions> = {
  path: isPath,
  encoding: (value) => (typeof value === 'string' ? undefined : 'must be the name of an encoding'),
  from: (value) => (value === 'beginning' || value === 'end' ? undefined : 'must be "beginning" or "end"'),
  poll: duration(1),
  maxLine: whole(2),
  leaveAfter: duration(0),
};

/**
 * Lines of files as they are written, each once. Files are recognised by their content, also when renamed, truncated,
 * deleted or put back while no process reads. Each file is a partition of the source.
 */
export class FileTailSource extends StreamingSource<string> {
  readonly kind = 'file-tail';
  readonly options: FileTailSettings;

  /** @throws SelvageError `InvalidConfig` */
  constructor(options: FileTailOptions) {
    super();
    const given = readOptions<FileTailOptions>(OWNER, options, CHECKS);
    const { path, encoding = 'utf-8' } = given;
    if (path === undefined) {
      throw new SelvageError('InvalidConfig', `${OWNER} has no "path": give the path of the file to read.`, {
        details: { owner: OWNER, option: 'path', reason: 'MissingPart' },
      });
    }
    this.options = Object.freeze({
      paths: Object.freeze(typeof path === 'string' ? [path] : [...path]),
      encoding: knownEncoding(encoding),
      from: given.from ?? 'beginning',
      poll: durationMs(given.poll ?? 500)!,
      maxLine: given.maxLine ?? MIB,
      leaveAfter: durationMs(given.leaveAfter ?? 60_000)!,
    });
  }
}

function knownEncoding(encoding: string): string {
  try {
    return new TextDecoder(encoding).encoding;
  } catch {
    throw new SelvageError(
      'InvalidConfig',
      `The option "encoding" of ${OWNER} cannot be used: there is no encoding ${shown(encoding)}. Give a name such as "utf-8" or "windows-1252".`,
      { details: { owner: OWNER, option: 'encoding', reason: 'WrongValue' } },
    );
  }
}
