import {
  makeTelemetryFilterString,
  type LogLevel,
  type LogMetadata,
  type RuntimeOptions,
} from '@temporalio/worker';
import { isDebug } from '../connection/log-line';

/** Interval of workers' reports to the server, and so the age of `selvage workers`. */
const REPORT_INTERVAL_MS = 10_000;

/** Sends the SDK's messages to one function. @param withCore includes its core even without `SELVAGE_LOG=debug` */
export function sdkLogging(
  log: (level: LogLevel, message: string, meta?: LogMetadata) => void,
  withCore: boolean,
): Required<Pick<RuntimeOptions, 'telemetryOptions' | 'logger' | 'workerHeartbeatInterval'>> {
  const shown = isDebug()
    ? makeTelemetryFilterString({ core: 'DEBUG', other: 'INFO' })
    : makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' });
  return {
    workerHeartbeatInterval: REPORT_INTERVAL_MS,
    telemetryOptions: { logging: { filter: withCore || isDebug() ? shown : 'off', forward: {} } },
    logger: {
      log,
      trace: (message, meta) => log('TRACE', message, meta),
      debug: (message, meta) => log('DEBUG', message, meta),
      info: (message, meta) => log('INFO', message, meta),
      warn: (message, meta) => log('WARN', message, meta),
      error: (message, meta) => log('ERROR', message, meta),
    },
  };
}
