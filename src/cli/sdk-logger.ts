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
  install(true, (level, message, meta) => {
    const line = lineOf(level, message, meta, output.verbose);
    if (line !== undefined) output.warn(line);
  });
}

/** For a replay, which says itself what went wrong: the SDK is heard with `verbose` only. */
export function installReplayLogger(output: Output): void {
  install(output.verbose, (level, message, meta) => {
    const line = output.verbose ? lineOf(level, message, meta, true) : undefined;
    if (line !== undefined) output.warn(line);
  });
}

type Log = (level: LogLevel, message: string, meta?: LogMetadata) => void;

function install(withCore: boolean, log: Log): void {
  const { Runtime, makeTelemetryFilterString } = late.temporalWorker();
  const filter = withCore ? makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) : 'off';
  Runtime.install({
    // Signals are ours to handle: the SDK would shut its workers down before we have said a word.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter, forward: {} },
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
