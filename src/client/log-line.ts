import { inspect } from 'node:util';
import type { LogLevel, LogMetadata } from '@temporalio/common';
import { errorLine } from '../execution';
import type { LoggerLike } from '../model/knot-context';

/** Whether everything is to be shown that Temporal's SDK and bodies say. */
export function isDebug(): boolean {
  return process.env['SELVAGE_LOG'] === 'debug';
}

/** Temporal says these of every failure of a body, of which the run's own result tells. */
const NOISE = new Set(['Activity failed', 'Workflow failed']);
const SHOWN = new Set<LogLevel>(['WARN', 'ERROR']);

/**
 * The line for people of what Temporal's SDK says, or undefined where there is nothing that they need to hear: of bodies all from `info` on, of the
 * SDK itself warnings and errors; with `verbose`, all.
 */
export function lineOf(
  level: LogLevel,
  message: string,
  meta: LogMetadata | undefined,
  verbose: boolean,
): string | undefined {
  const isBody = meta?.['sdkComponent'] === 'activity';
  const isShown = verbose
    ? level !== 'TRACE'
    : isBody
      ? level === 'INFO' || SHOWN.has(level)
      : SHOWN.has(level) && !NOISE.has(message);
  if (!isShown) return undefined;
  const who = isBody ? String(meta?.['knot'] ?? meta?.['activityId'] ?? 'a knot') : 'temporal';
  const error: unknown = meta?.['error'];
  const why = error instanceof Error && !message.includes(error.message) ? `: ${error.message}` : '';
  return textOf(level, `${who}: ${message}${why}`);
}

export interface LineLoggerOptions {
  /** Whether `debug` is written. Default: never. */
  readonly isVerbose?: () => boolean;
  /** Whether runs that begin and end are told of, beside what bodies say. Default false. */
  readonly runs?: boolean;
}

/** A logger that writes such lines: `knot: message { field: … }`. */
export function lineLogger(
  write: (line: string) => void,
  { isVerbose, runs = false }: LineLoggerOptions = {},
): LoggerLike {
  const method = (level: LogLevel) => (fields: object, message: string) => {
    if (level === 'DEBUG' && !isVerbose?.()) return;
    const { run: _run, attempt: _attempt, knot, ...others } = fields as Record<string, unknown>;
    if (typeof knot === 'string') write(textOf(level, `${knot}: ${message}`, others));
    // What is said of a run names it in the message.
    else if (runs || level !== 'INFO') write(textOf(level, message));
  };
  return { debug: method('DEBUG'), info: method('INFO'), warn: method('WARN'), error: method('ERROR') };
}

/** What the SDK itself says goes to a logger of the user more quietly, since it is not what they asked for. */
export function tellLogger(
  logger: LoggerLike,
  level: LogLevel,
  message: string,
  meta: LogMetadata = {},
): void {
  const fields = { ...meta };
  if (level === 'ERROR') logger.error(fields, message);
  else if (level === 'WARN' && !NOISE.has(message)) logger.warn(fields, message);
  else if (level !== 'TRACE') logger.debug(fields, message);
}

function textOf(level: LogLevel, text: string, fields: object = {}): string {
  const line = `${level === 'INFO' ? '' : `${level.toLowerCase()} `}${text}`.replace(/\s*\n\s*/g, ' ');
  return Object.keys(fields).length === 0 ? line : `${line} ${shownFields(fields)}`;
}

/** On one line, errors by what they say: stacks are for a logger. */
function shownFields(fields: object): string {
  const shown = Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Error ? errorLine({ type: value.name, message: value.message }) : value,
    ]),
  );
  return inspect(shown, {
    depth: 3,
    breakLength: Infinity,
    maxArrayLength: 10,
    maxStringLength: 200,
  }).replace(/\s*\n\s*/g, ' ');
}
