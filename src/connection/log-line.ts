import { inspect } from 'node:util';
import type { LogLevel, LogMetadata } from '@temporalio/common';
import { SelvageError } from '../errors';
import { errorLine } from '../runtime';
import type { Json } from '../values';
import { redactJson, redactText } from '../values/redact';
import type { LoggerLike } from '../authoring/knot-context';

export function isDebug(): boolean {
  return process.env['SELVAGE_LOG'] === 'debug';
}

/** Messages that the SDK logs for every failure of a body, which the run's result reports anyway. */
const NOISE = new Set(['Activity failed', 'Workflow failed']);
const SHOWN = new Set<LogLevel>(['WARN', 'ERROR']);

/**
 * Format of log lines.
 *
 * - `text`: `2026-01-31T09:44:59.123Z info nightly-1 fetch: read { rows: 3 }`: time (UTC), level, run and knot
 * - `json`: an object per line: `time`, `level`, `message` and, if present, `runId`, `knotId`, `attempt`,
 *   `fields`
 * - `short`: `fetch: read { rows: 3 }`, for commands that work for a single, named run
 */
export type LogFormat = 'short' | 'text' | 'json';
export const FORMATS: readonly LogFormat[] = ['text', 'json', 'short'];

/** The format in `SELVAGE_LOG_FORMAT`, else `otherwise`. @throws SelvageError `InvalidConfig` */
export function chosenLogFormat(otherwise: LogFormat, environment = process.env): LogFormat {
  const { SELVAGE_LOG_FORMAT: chosen } = environment;
  if (!chosen) return otherwise;
  const format = FORMATS.find((one) => one === chosen);
  if (format) return format;
  throw new SelvageError(
    'InvalidConfig',
    `SELVAGE_LOG_FORMAT is ${JSON.stringify(chosen)}. It may be ${FORMATS.join(', ')}.`,
    { details: { option: 'SELVAGE_LOG_FORMAT', reason: 'WrongValue' } },
  );
}

interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  /** The source, if it is neither a body nor the worker. */
  readonly who?: string;
  readonly runId?: string;
  readonly knotId?: string;
  readonly attempt?: number;
  readonly fields?: object;
}

/** Formats an entry without a trailing line break, as one line unless a message of the worker itself has several. */
export function logLine(entry: LogEntry, format: LogFormat, now = Date.now()): string {
  const { message, who, runId, knotId, attempt, fields = {} } = entry;
  const level = entry.level.toLowerCase();
  const time = new Date(now).toISOString();
  const hasFields = Object.keys(fields).length > 0;
  if (format === 'json') {
    return JSON.stringify({
      time,
      level,
      who,
      runId,
      knotId,
      attempt,
      message,
      ...(hasFields && { fields: plain(fields) }),
    });
  }
  const isNamed = knotId !== undefined || who !== undefined;
  const place = format === 'short' ? [who ?? knotId] : [who, isNamed ? runId : undefined, knotId];
  const about = place.filter((name) => name !== undefined).join(' ');
  const text = [...(about ? [`${about}:`] : []), message, ...(hasFields ? [shownFields(fields)] : [])].join(
    ' ',
  );
  if (format === 'text') return `${time} ${level} ${text}`;
  return level === 'info' ? text : `${level} ${text}`;
}

/**
 * The entry of a message, undefined if hidden. Messages of bodies from `info` on are shown, and the SDK's warnings and
 * errors.
 */
export function entryOf(
  level: LogLevel,
  message: string,
  meta: LogMetadata | undefined,
  verbose: boolean,
): LogEntry | undefined {
  const isBody = meta?.['sdkComponent'] === 'activity';
  const isShown = verbose
    ? level !== 'TRACE'
    : isBody
      ? level === 'INFO' || SHOWN.has(level)
      : SHOWN.has(level) && !NOISE.has(message);
  if (!isShown) return undefined;
  const error: unknown = meta?.['error'];
  const cause = error instanceof Error ? error.message : causeInCore(meta);
  const why = cause !== undefined && !message.includes(cause) ? `: ${cause}` : '';
  const attempt: unknown = meta?.['attempt'];
  // In the SDK's messages about workflows, `runId` is Temporal's.
  const runId = (isBody ? textIn(meta, 'runId') : undefined) ?? textIn(meta, 'workflowId');
  const temporalRunId = textIn(meta, 'run_id');
  const knotId = textIn(meta, 'knotId') ?? textIn(meta, 'activityId') ?? (isBody ? 'a knot' : undefined);
  return {
    level,
    message: redactText(oneLine(`${message}${why}`)),
    ...(!isBody && { who: 'temporal' }),
    ...(runId !== undefined && { runId }),
    ...(knotId !== undefined && { knotId }),
    ...(isBody && typeof attempt === 'number' && { attempt }),
    ...(temporalRunId !== undefined && { fields: { temporalRunId } }),
  };
}

/** Reads the message of a failure from the debug format of the SDK's core (Rust). */
function causeInCore(meta: LogMetadata | undefined): string | undefined {
  const [, quoted] = /message: "((?:[^"\\]|\\.)*)"/.exec(textIn(meta, 'failure') ?? '') ?? [];
  return quoted?.replace(/\\n/g, '\n').replace(/\\(.)/g, '$1');
}

function textIn(meta: LogMetadata | undefined, name: string): string | undefined {
  const value: unknown = meta?.[name];
  return typeof value === 'string' ? value : undefined;
}

interface LineLoggerOptions {
  readonly format: LogFormat;
  /** Whether `debug` messages are written. Default: never. */
  readonly isVerbose?: () => boolean;
  /** Whether the start and end of runs are reported, too. Default false. */
  readonly runs?: boolean;
}

export function lineLogger(
  write: (line: string) => void,
  { format, isVerbose, runs = false }: LineLoggerOptions,
): LoggerLike {
  const method = (level: LogLevel) => (given: object, message: string) => {
    if (level === 'DEBUG' && !isVerbose?.()) return;
    const { runId, attempt, knotId, trigger, emitter, ...fields } = given as Record<string, unknown>;
    const isOfBody = typeof knotId === 'string';
    if (!isOfBody && !runs && (level === 'INFO' || fields['status'] !== undefined)) return;
    const entry: LogEntry = {
      level,
      message: redactText(oneLine(message)),
      ...(typeof runId === 'string' && { runId }),
      ...(isOfBody && { knotId }),
      ...(typeof trigger === 'string' && { who: trigger }),
      ...(typeof emitter === 'string' && { who: `emitter ${emitter}` }),
      // For people, the message alone says enough.
      ...((isOfBody || typeof emitter === 'string' || format === 'json') && { fields }),
      ...(typeof attempt === 'number' && { attempt }),
    };
    write(logLine(entry, format));
  };
  return { debug: method('DEBUG'), info: method('INFO'), warn: method('WARN'), error: method('ERROR') };
}

/** Messages of the SDK itself get a lower level, since the user did not ask for them. */
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

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

/** Formats fields on one line, with errors as messages only, without stacks. */
function shownFields(fields: object): string {
  return redactText(
    oneLine(
      inspect(withErrors(fields, errorLine), {
        depth: 3,
        breakLength: Infinity,
        maxArrayLength: 10,
        maxStringLength: 200,
      }),
    ),
  );
}

/** Converts fields to JSON; those with a cycle or a `bigint` become text. */
function plain(fields: object): unknown {
  const told = withErrors(fields, (error) => error);
  try {
    return redactJson(JSON.parse(JSON.stringify(told)) as Json);
  } catch {
    return shownFields(fields);
  }
}

function withErrors(fields: object, tell: (error: { type: string; message: string }) => unknown): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Error ? tell({ type: value.name, message: value.message }) : value,
    ]),
  );
}
