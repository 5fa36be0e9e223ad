import { SelvageError } from '../errors';
import { duration, shown, type Check, type Checks } from '../authoring/checks';
import { readOptions } from '../authoring/options';
import { durationMs, type Duration } from '../values/duration';
import { StreamingSource } from './source';

export interface FileTailOptions {
  /**
   * The file, or several. The last part of a path may have `*` and `?`: all files of that folder with such a name,
   * also those that come later.
   */
  readonly path: string | readonly string[];
  /**
   * How bytes are read as text: a name of the Encoding Standard, such as `utf-8` (default), `utf-16le`,
   * `windows-1252`. Bytes that the encoding does not have become U+FFFD.
   */
  readonly encoding?: string;
  /** Where a file begins that is there when the stream is first started. Default `beginning`. */
  readonly from?: 'beginning' | 'end';
  /** The time between two looks at files of which the system reports no change. Default 500 ms. */
  readonly poll?: Duration;
  /** Longest line in bytes; a longer one comes in pieces of this size. Default 1 MiB. */
  readonly maxLine?: number;
  /**
   * How long a file that was renamed or deleted must not have grown before it is left, in case that its writer still
   * has it open. Default 60 s.
   */
  readonly leaveAfter?: Duration;
}

export interface FileTailSettings extends Required<Omit<FileTailOptions, 'path' | 'poll' | 'leaveAfter'>> {
  readonly paths: readonly string[];
  /** Milliseconds, as the next. */
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
 * The lines of files, as they are written. Files are known by what is in them: one that is renamed, truncated, deleted
 * or put back while nobody reads is recognised, and each line comes once. Each file is a partition.
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
      throw new SelvageError('InvalidConfig', `${OWNER} has no "path": give that of the file to read.`, {
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
