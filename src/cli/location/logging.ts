import {
  chosenLogFormat,
  entryOf,
  isDebug,
  lineLogger,
  logLine,
  type LogFormat,
} from '../../connection/log-line';
import type { sdkLogging } from '../../worker/sdk-logging';
import type { Output } from '../output/output';

type Log = Parameters<typeof sdkLogging>[0];

/**
 * Makes Temporal's SDK log plain lines on stderr: its warnings and errors, and bodies' `ctx.logger` from `info` on.
 * `verbose` adds all other messages, `SELVAGE_LOG=debug` those of the SDK's core. Call this function before a worker's
 * first connection.
 *
 * @param metricsAddress for the core's Prometheus metrics; if omitted, none
 */
export async function installSdkLogger(
  output: Output,
  format: LogFormat,
  metricsAddress?: string,
): Promise<void> {
  const log: Log = (level, message, meta) => {
    const entry = entryOf(level, message, meta, isVerbose(output));
    if (entry) output.logLine(logLine(entry, format));
  };
  await install(true, log, metricsAddress);
}

/** For a replay, which reports errors itself: the SDK's messages appear with `verbose` only. */
export async function installReplayLogger(output: Output): Promise<void> {
  await install(output.verbose, (level, message, meta) => {
    const entry = isVerbose(output) ? entryOf(level, message, meta, true) : undefined;
    if (entry) output.logLine(logLine(entry, 'short'));
  });
}

/** Logs messages of bodies and pages; with `runs`, also starts and ends of runs. */
export function loggerTo(
  output: Output,
  {
    format = chosenLogFormat('text'),
    runs = false,
  }: { readonly format?: LogFormat; readonly runs?: boolean } = {},
): ReturnType<typeof lineLogger> {
  return lineLogger((line) => output.logLine(line), { format, runs, isVerbose: () => isVerbose(output) });
}

/** Turns all further texts of the command into log lines, for log collectors. */
export function sayInLogLines(output: Output, format: LogFormat): void {
  output.configure({ asLogLine: (level, message) => logLine({ level, message }, format) });
}

function isVerbose(output: Output): boolean {
  return output.verbose || isDebug();
}

async function install(withCore: boolean, log: Log, metricsAddress?: string): Promise<void> {
  const { Runtime } = await import('@temporalio/worker');
  const { sdkLogging } = await import('../../worker/sdk-logging.js');
  // We handle signals: the SDK would shut its workers down before we have printed anything.
  const { telemetryOptions, ...options } = sdkLogging(log, withCore);
  const prometheus = {
    bindAddress: metricsAddress!,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
  };
  Runtime.install({
    ...options,
    telemetryOptions: {
      ...telemetryOptions,
      ...(metricsAddress !== undefined && { metrics: { prometheus } }),
    },
    shutdownSignals: [],
  });
}
