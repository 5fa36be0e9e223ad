import { IllegalStateError } from '@temporalio/common';
import { Runtime, type RuntimeOptions } from '@temporalio/worker';
import { isDebug, lineLogger, lineOf, tellLogger } from '../client/log-line';
import type { LoggerLike } from '../model/knot-context';
import { sdkLogging } from './sdk-logging';

let told: LoggerLike | undefined;
let own: RuntimeOptions | undefined;

/**
 * Makes Temporal's SDK in this process quiet, before it is used first: its warnings and errors, and what bodies say, go to `logger`, or as a line
 * each to stderr; nothing to stdout. `SELVAGE_LOG=debug` has all of it on stderr. A runtime that somebody else has installed stays as it is.
 *
 * There is one for a process: the SDK's own messages go to the logger that was given last.
 *
 * @returns where bodies are to write; undefined: to the logger of the runtime that somebody else has installed
 */
export function quietRuntime(logger?: LoggerLike): LoggerLike | undefined {
  told = logger ?? told;
  if (!isOthers()) install();
  return logger ?? (isOwn() ? lines : undefined);
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

const lines = lineLogger(toStderr, { isVerbose: isDebug });

function install(): void {
  const options = sdkLogging((level, message, meta) => {
    if (told) tellLogger(told, level, message, meta);
    if (told && !isDebug()) return;
    const line = lineOf(level, message, meta, isDebug());
    if (line !== undefined) toStderr(line);
  }, true);
  try {
    Runtime.install(options);
    own = options;
  } catch (error) {
    // There is one already.
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

/** The SDK keeps the options of a runtime that has ended, and makes the next one by them. */
const kept = Runtime as unknown as { readonly defaultOptions?: RuntimeOptions };

function isOwn(): boolean {
  return own !== undefined && kept.defaultOptions === own;
}

function isOthers(): boolean {
  return !isOwn() && Object.keys(kept.defaultOptions ?? {}).length > 0;
}
