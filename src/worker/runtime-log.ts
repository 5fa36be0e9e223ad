import { IllegalStateError } from '@temporalio/common';
import { Runtime, type RuntimeOptions } from '@temporalio/worker';
import {
  chosenLogFormat,
  entryOf,
  isDebug,
  lineLogger,
  logLine,
  tellLogger,
  type LogFormat,
} from '../connection/log-line';
import type { LoggerLike } from '../authoring/knot-context';
import { writeErrorLine } from '../node/terminal';
import { sdkLogging } from './sdk-logging';

let told: LoggerLike | undefined;
let format: LogFormat = 'text';
let own: RuntimeOptions | undefined;

/**
 * Makes Temporal's SDK quiet in this process; call this before the SDK is first used. The SDK's warnings and errors,
 * and bodies' lines, go to `logger`, or to stderr; nothing goes to stdout. `SELVAGE_LOG=debug` sends everything to
 * stderr. A runtime installed by other code stays as it is. All workers share one runtime: its messages go to the last
 * logger.
 *
 * @returns the logger for bodies; undefined if other code has installed the runtime
 * @throws SelvageError `InvalidConfig` (`SELVAGE_LOG_FORMAT`)
 */
export function quietRuntime(logger?: LoggerLike): LoggerLike | undefined {
  told = logger ?? told;
  format = chosenLogFormat('text');
  if (isOwn() || Object.keys(Runtime.defaultOptions).length === 0) install();
  return logger ?? (isOwn() ? lineLogger(writeErrorLine, { format, isVerbose: isDebug }) : undefined);
}

function install(): void {
  const options = sdkLogging((level, message, meta) => {
    if (told) tellLogger(told, level, message, meta);
    if (told && !isDebug()) return;
    const entry = entryOf(level, message, meta, isDebug());
    if (entry) writeErrorLine(logLine(entry, format));
  }, true);
  try {
    Runtime.install(options);
    own = options;
  } catch (error) {
    // A runtime already exists.
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

/** The SDK keeps the options of a runtime that has ended, and uses them for the next one. */
function isOwn(): boolean {
  return own !== undefined && Runtime.defaultOptions === own;
}
