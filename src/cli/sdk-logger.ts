import type { LogMetadata, LogLevel } from '@temporalio/common';
import { late } from './late-imports';
import type { Output } from './output';

/** Temporal says these of every failure of a body, which the run's own summary has already. */
const NOISE = new Set(['Activity failed', 'Workflow failed']);
const SHOWN = new Set<LogLevel>(['WARN', 'ERROR']);

/**
 * Makes the Temporal SDK of this process speak in plain lines on stderr: its warnings and errors, and what bodies say by
 * `ctx.logger` from `info` on; with `verbose`, all. Must come before the first connection of a worker.
 */
export function installSdkLogger(output: Output): void {
  const { Runtime, makeTelemetryFilterString } = late.temporalWorker();
  const log = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    const line = lineOf(level, message, meta, output.verbose);
    if (line !== undefined) output.warn(line);
  };
  Runtime.install({
    // Signals are ours to handle: the SDK would shut its workers down before we have said a word.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
    },
    logger: {
      log,
      trace: (message, meta) => log('TRACE', message, meta),
      debug: (message, meta) => log('DEBUG', message, meta),
      info: (message, meta) => log('INFO', message, meta),
      warn: (message, meta) => log('WARN', message, meta),
      error: (message, meta) => log('ERROR', message, meta),
    },
  });
}

/** The line for people, or undefined where there is nothing that they need to hear. */
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
  const who = isBody ? String(meta?.['activityId'] ?? 'a knot') : 'temporal';
  const error = meta?.['error'];
  const why = error instanceof Error && !message.includes(error.message) ? `: ${error.message}` : '';
  return `${level === 'INFO' ? '' : `${level.toLowerCase()} `}${who}: ${message}${why}`.replace(
    /\s*\n\s*/g,
    ' ',
  );
}
