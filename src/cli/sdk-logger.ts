import { isDebug, lineOf } from '../client/log-line';
import { late } from './late-imports';
import type { Output } from './output';
import type { sdkLogging } from '../worker/sdk-logging';

type Log = Parameters<typeof sdkLogging>[0];

/**
 * Makes the Temporal SDK of this process speak in plain lines on stderr: its warnings and errors, and what bodies say by
 * `ctx.logger` from `info` on; with `verbose`, all; with `SELVAGE_LOG=debug`, also what its core says. Must come before the first connection of a worker.
 */
export function installSdkLogger(output: Output): void {
  install(true, (level, message, meta) => {
    const line = lineOf(level, message, meta, isVerbose(output));
    if (line !== undefined) output.warn(line);
  });
}

/** For a replay, which says itself what went wrong: the SDK is heard with `verbose` only. */
export function installReplayLogger(output: Output): void {
  install(output.verbose, (level, message, meta) => {
    const line = isVerbose(output) ? lineOf(level, message, meta, true) : undefined;
    if (line !== undefined) output.warn(line);
  });
}

/** Whether all is shown that the SDK and bodies say. */
export function isVerbose(output: Output): boolean {
  return output.verbose || isDebug();
}

function install(withCore: boolean, log: Log): void {
  const { Runtime } = late.temporalWorker();
  const { sdkLogging } = late.sdkLogging();
  // Signals are ours to handle: the SDK would shut its workers down before we have said a word.
  Runtime.install({ ...sdkLogging(log, withCore), shutdownSignals: [] });
}
